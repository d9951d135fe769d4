"""Create the database tables: python -m shop.create_tables"""

from shop import models  # noqa: F401
from shop.database import Base, engine

if __name__ == "__main__":
    Base.metadata.create_all(engine)
