"""A database backend for tests: SQLite that counts the statements from the announcement to the outcome, and kills."""
