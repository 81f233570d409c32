"""The environment of the tests; loaded before the settings are (`-p tests.environment` in pyproject.toml).

Nothing of the machine's own settings reaches a test, and nothing of .env.
"""

import os

OUTSIDE = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "DEBUG", "ALLOWED_HOSTS", "PUBLIC_URL")

for name in list(os.environ):
    if name in OUTSIDE or name.startswith("ML_"):
        del os.environ[name]
os.environ |= {"ML_DEVELOPMENT": "1", "ML_NO_DOTENV": "1", "DJANGO_SETTINGS_MODULE": "portal.settings"}
