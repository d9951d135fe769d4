import psycopg
from psycopg import Connection, sql
from psycopg.errors import SerializationFailure, UniqueViolation
from psycopg.rows import dict_row
