"""What a setting is taken for: the table decides what an instance is given."""

import pytest

from looktwice.prove.app.plan import Kind
from looktwice.prove.app.recognition import kind_of, live, service_name


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("DATABASE_URL", "", Kind.DATABASE),
        ("APP_DATABASE_URL", "", Kind.DATABASE),
        ("SQLALCHEMY_DATABASE_URI", "", Kind.DATABASE),
        ("PRIMARY_DSN", "postgres://u:p@db/app", Kind.DATABASE),
        ("POSTGRES_HOST", "db", Kind.DATABASE_HOST),
        ("POSTGRES_SERVER", "localhost", Kind.DATABASE_HOST),
        ("PGHOST", "", Kind.DATABASE_HOST),
        ("DB_PORT", "5432", Kind.DATABASE_PORT),
        ("TYPEORM_USERNAME", "", Kind.DATABASE_USER),
        ("PGPASSWORD", "", Kind.DATABASE_PASSWORD),
        ("DB_NAME", "", Kind.DATABASE_NAME),
        ("PGDATABASE", "", Kind.DATABASE_NAME),
        ("REDIS_URL", "", Kind.REDIS),
        ("CELERY_BROKER_URL", "redis://localhost:6379/1", Kind.REDIS),
        ("REDIS_RATE_LIMIT_HOST", "localhost", Kind.REDIS_HOST),
        ("REDIS_QUEUE_PORT", "6379", Kind.REDIS_PORT),
        ("PORT", "8000", Kind.PORT),
        ("SECRET_KEY", "changethis", Kind.SECRET),
        ("STRIPE_API_KEY", "", Kind.SECRET),
        ("JWT_SECRET", "", Kind.SECRET),
        ("PAYMENTS_URL", "https://api.pay.example", Kind.UPSTREAM),
        ("CRM_BASE_URL", "", Kind.UPSTREAM),
        # look-alikes
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "30", Kind.LITERAL),
        ("TOKEN_ALGORITHM", "HS256", Kind.LITERAL),
        ("FRONTEND_URL", "http://localhost:5173", Kind.LITERAL),
        ("CORS_ORIGINS", "http://localhost", Kind.LITERAL),
        ("POSTGRES_SYNC_PREFIX", "postgresql://", Kind.LITERAL),
        ("LOG_LEVEL", "info", Kind.LITERAL),
        ("DB_CONNECTION", "pgsql", Kind.LITERAL),
        ("EMAIL_ADDRESS", "shop@example.com", Kind.LITERAL),
        ("JWT_EXPIRES_IN", "15m", Kind.LITERAL),
        ("TOKEN_COOKIE_ENABLED", "true", Kind.LITERAL),
        ("KEY_FILE", "./key.pem", Kind.LITERAL),
        ("NEXTAUTH_URL", "http://localhost:3000", Kind.LITERAL),
        # names of everyday use
        ("JWT_KEY", "", Kind.SECRET),
        ("SMTP_PASS", "x", Kind.SECRET),
        ("TOKEN", "", Kind.SECRET),
        ("GOOGLE_CLIENT_ID", "1.apps.example", Kind.SECRET),
        ("TOKEN_URL", "", Kind.UPSTREAM),
        ("JWKS_URI", "https://id.example/keys", Kind.UPSTREAM),
        ("RDS_HOSTNAME", "", Kind.DATABASE_HOST),
        ("DATABASE__HOST", "", Kind.DATABASE_HOST),
        ("DB_ADDR", "", Kind.DATABASE_HOST),
        # stores and services without a stand-in, by name and by the form of their address
        ("MYSQL_URL", "", Kind.FOREIGN),
        ("MONGO_URI", "", Kind.FOREIGN),
        ("MONGO_URL", "mongodb+srv://u:p@cluster/app", Kind.FOREIGN),
        ("STORE", "mysql://u:p@host/app", Kind.FOREIGN),
        ("QUEUE", "amqp://guest:guest@rabbit:5672", Kind.FOREIGN),
        ("KAFKA_BROKERS", "kafka:9092", Kind.FOREIGN),
        ("SMTP_HOST", "smtp.example", Kind.FOREIGN),
        ("SMTP_PORT", "587", Kind.FOREIGN),
        ("WS", "wss://socket.example", Kind.FOREIGN),
        ("S3_ENDPOINT", "https://s3.example", Kind.UPSTREAM),
        ("DATA", "sqlite:///./dev.db", Kind.FILE),
        ("DATA", "file:./dev.db", Kind.FILE),
        ("DSN", "host=db port=5432 dbname=shop user=u", Kind.DATABASE),
        ("DATABASE_URL", "prisma+postgres://accelerate.example/?api_key=k", Kind.DATABASE),
        ("REDIS_URL", "unix:///var/run/redis/redis.sock", Kind.REDIS),
        ("CACHES", "valkey://cache:6379", Kind.REDIS),
    ],
)
def test_kind(name, value, kind):
    assert kind_of(name, value) is kind


@pytest.mark.parametrize(
    "value",
    [
        "sk_live_51Hxxxxxxxx",
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://u:p@shop.abc123.eu-west-1.rds.amazonaws.com/shop",
        "postgresql://u:p@ep-cool-1.eu.neon.tech/db",
        "-----BEGIN RSA PRIVATE KEY-----",
        "rk_live_51Hxxxxxxxx",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "glpat-abcdefghijklmnopqrst",
        "postgres://u:p@shop.postgres.database.azure.com/shop",
        "redis://default:x@eu1-cool.upstash.io:6379",
        "postgres://u:p@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d",
    ],
)
def test_living_systems_are_recognised(value):
    assert live(value)


@pytest.mark.parametrize(
    "value", ["", "sk_test_51H", "postgres://u:p@localhost/app", "changeme", "https://api.example"]
)
def test_harmless_values_are_not(value):
    assert not live(value)


@pytest.mark.parametrize(
    ("setting", "service"),
    [("PAYMENTS_URL", "payments"), ("CRM_API_BASE_URL", "crm"), ("ATS_ENDPOINT", "ats"), ("URL", "url")],
)
def test_service_names(setting, service):
    assert service_name(setting) == service
