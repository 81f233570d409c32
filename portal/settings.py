"""Everything comes from the environment, or from .env beside manage.py; .env.example lists it all."""

from pathlib import Path

import environ

from portal import waits

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if not env.bool("ML_NO_DOTENV", False):
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", False)
VAR_DIR = Path(env.str("ML_VAR_DIR", str(BASE_DIR / "var")))
DEVELOPMENT = env.bool("ML_DEVELOPMENT", False)
_only_here = "for-development-on-one-machine-only" if DEVELOPMENT else environ.Env.NOTSET
SECRET_KEY = env.str("SECRET_KEY", _only_here)
CREDENTIAL_KEYS = env.list("CREDENTIAL_KEYS", default=[_only_here] if DEVELOPMENT else environ.Env.NOTSET)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "import_export",
    "axes",
    "django_otp",
    "django_celery_beat",
    "audit",
    "mappings",
    "portal",
]
MIDDLEWARE = [
    "portal.doors.hooks.Door",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.doors.policy.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "portal.people.gate.Gate",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'ml-connector.sqlite3'}")}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # One writer at a time, asked for up front: no deadlocks by upgrading a read. FULL: a 2xx survives a power cut.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    _database["CONN_HEALTH_CHECKS"] = True
_database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "portal.people.pages.locked"
AXES_CLIENT_IP_CALLABLE = "portal.people.places.address"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "portal.people.devices.EndsSessions"},
]
SIGN_UP = env.bool("ML_SIGN_UP", False)
"""May anybody open a workspace? Invitations need it not."""
SESSION_ENGINE = "portal.people.sessions"
PASSWORD_RESET_TIMEOUT = 4 * 3600
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "front"

_mail = env.email_url("EMAIL_URL", "filemail://" if DEVELOPMENT else "smtp://localhost:25")
vars().update({name: value for name, value in _mail.items() if name != "OPTIONS"})
EMAIL_TIMEOUT = 20
if not _mail["EMAIL_FILE_PATH"]:
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "ml-connector@localhost")

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True

SECURE_TLS = env.bool("ML_SECURE_TLS", not (DEBUG or DEVELOPMENT))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("ML_BEHIND_PROXY", False) else None
SESSION_COOKIE_HTTPONLY = True
# The theme needs Alpine's evaluator and inline styles; everything else stays at home.
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}

REDIS_URL = env.str("REDIS_URL", "")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Tasks are acknowledged before they run: they only ring, so a lost one is late and not lost; and a worker with late
# acknowledgements dies when it puts them back into a broker that is gone (kombu 5.7).
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"

WAITS = waits.load()
BATCH = env.int("ML_BATCH", 0)
"""A fixed number of documents per request; 0: it grows and shrinks by itself."""
ABSENCE_ROUNDS = env.int("ML_ABSENCE_ROUNDS", 3)
"""How often absence is believed before a person decides."""
REACHABLE = frozenset(env.list("ML_REACHABLE", default=[]))
"""host:port pairs that the address guard lets through although they are private: the stand-ins."""
HOOK_BODY_LIMIT = env.int("ML_HOOK_BODY_LIMIT", 1_048_576)
REFUSED_KEPT = env.int("ML_REFUSED_KEPT", 1000)
"""Refused deliveries that are kept per connection."""
PLUGINS = env.list("ML_PLUGINS", default=[])
"""Modules that register further systems and integrations."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "paramiko": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}

UNFOLD = {
    "SITE_TITLE": "ml-connector",
    "SITE_HEADER": "ml-connector",
    "SITE_SUBHEADER": "portal.admin.look.where",
    "SITE_DROPDOWN": "portal.admin.look.workspaces",
    "SITE_SYMBOL": "sync_alt",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_URL": None,
    "GLOBAL_CALLBACK": "portal.admin.look.on_every_page",
    "DASHBOARD_CALLBACK": "portal.admin.front.front",
    "SIDEBAR": {"navigation": "portal.admin.menu.navigation"},
    "LOGIN": {"form": "portal.people.sign_in.SignIn"},
    "ACCOUNT": {"navigation": "portal.admin.look.account"},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "portal.admin.look.favicon"}],
    "COLORS": {"primary": "portal.admin.look.primary"},
}
