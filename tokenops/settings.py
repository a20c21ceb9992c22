"""Settings, read from the environment; every variable stands in .env.example."""

from celery.schedules import crontab, schedule
from django.utils.functional import SimpleLazyObject
from whitenoise.compress import Compressor

from tokenops.environment import BASE_DIR, VAR_DIR, env
from tokenops.logs import logging
from tokenops.secret_files import kept_secret
from tokenops.services import broker_options, broker_transport, cache, databases

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or kept_secret(VAR_DIR / "secret_key")
# Fernet keys; the first seals, all of them open.
TOKENOPS_SECRETS_KEY = env.list("TOKENOPS_SECRETS_KEY", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
TOKENOPS_BASE_URL = env("TOKENOPS_BASE_URL", default="http://localhost:8000")
TOKENOPS_CURRENCY = env("TOKENOPS_CURRENCY", default="USD")
TOKENOPS_TIME_ZONE = env("TOKENOPS_TIME_ZONE", default="UTC")
# Tags that spend can be grouped and allocated by; others stay with their call.
TOKENOPS_TAGS = env.list("TOKENOPS_TAGS", default=["team", "product", "cost_center", "application"])
# How much of a file a worker loads in one transaction.
TOKENOPS_CHUNK_BYTES = env.int("TOKENOPS_CHUNK_BYTES", default=8 << 20)
TOKENOPS_MOST_ATTEMPTS = env.int("TOKENOPS_MOST_ATTEMPTS", default=3)
# Connectors read local files beneath this folder only.
TOKENOPS_DROP_DIR = env("TOKENOPS_DROP_DIR", default=str(VAR_DIR / "drop"))
# Made only where somebody asks: an installation without a demo keeps no such file.
TOKENOPS_DEMO_PASSWORD = env("TOKENOPS_DEMO_PASSWORD", default="") or SimpleLazyObject(
    lambda: kept_secret(VAR_DIR / "demo_password", length_bytes=12)
)

INSTALLED_APPS = [
    "tokenops",
    "org",
    "ingestion",
    "policy",
    "budgets",
    "dashboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # widgets are found by the form renderer
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",  # the loaders are written out below
    "django_tables2",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "org.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "org.middleware.htmx",
    "org.middleware.Refusals",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tokenops.urls"
ASGI_APPLICATION = "tokenops.asgi.application"
AUTH_USER_MODEL = "org.User"
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"  # The reporting zone is the fiscal calendar's, never Django's.
LANGUAGE_CODE = "en"

DATABASES = databases(env, var_dir=VAR_DIR)
CACHES = {"default": cache(env("REDIS_URL", default=""))}
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20  # seconds; far below the lease of what is being sent
DEFAULT_FROM_EMAIL = env("TOKENOPS_MAIL_FROM", default="TokenOps <tokenops@localhost>")
# Whether webhooks may lead to private addresses and go in the clear, within one's own network.
TOKENOPS_WEBHOOKS_INSIDE = env.bool("TOKENOPS_WEBHOOKS_INSIDE", default=False)

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]  # an address behind a proxy can be made up
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "org.views.signin.locked_out"
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # asks for the address beside the name: see above

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "org.templatetags.figures",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.shell.shell",
            ],
        },
    }
]
COTTON_DIR = "components"
COTTON_ISOLATE_BY_DEFAULT = True  # a component sees its attributes, not the page around it
FORM_RENDERER = "org.forms.Renderer"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tokenops.storage.StaticStorage"},
}
# A third of the time to collect: browsers ask for hashed names only, and for maps hardly ever.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "org.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["org.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "org.openapi.Schema",
    "DEFAULT_METADATA_CLASS": None,  # OpenAPI tells what OPTIONS would
    "EXCEPTION_HANDLER": "org.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "TokenOps",
    "DESCRIPTION": "Usage in, governed spend and signed policy out.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # The same name holds other states of other things.
    "ENUM_NAME_OVERRIDES": {
        "BudgetStateEnum": "budgets.lifecycle.BudgetState",
        "InitiativeStateEnum": "budgets.lifecycle.InitiativeState",
        "ThresholdEffectEnum": "budgets.models.thresholds.Threshold.Does",
        "CriterionVerdictEnum": "budgets.gate_serializers.VERDICTS",
        "CoreVerdictEnum": "budgets.models.core.CoreReview.Verdict",
        "CoreGrantCauseEnum": "budgets.models.graduations.CoreGrant.Cause",
        "ProbationCauseEnum": "budgets.models.core.Probation.Cause",
        "TrueUpStateEnum": "budgets.models.core.TrueUp.State",
        "QuotaModeEnum": "policy.models.quotas.Quota.Mode",
        "WhenStaleModeEnum": "policy.models.guardrails.WhenStale",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "org.openapi.add_problems",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://localhost//")
CELERY_BROKER_TRANSPORT = broker_transport(CELERY_BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL, var_dir=VAR_DIR)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # LOGGING says how a worker logs, too
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 1500  # under half of Redis' visibility timeout of an hour
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "prove-the-books": {"task": "dashboard.tasks.prove", "schedule": crontab(hour=3, minute=10)},
    "ingestion-sweep": {"task": "ingestion.tasks.sweep", "schedule": schedule(10)},
    "connectors-sweep": {"task": "ingestion.tasks.sweep_connectors", "schedule": schedule(15)},
    "policy-sweep": {"task": "policy.tasks.sweep", "schedule": schedule(10)},
    "policy-tidy": {"task": "policy.tasks.tidy", "schedule": schedule(3600)},
    "policy-quotas": {"task": "policy.tasks.watch_quotas", "schedule": schedule(300)},
    "budgets-sweep": {"task": "budgets.tasks.sweep", "schedule": schedule(60)},
    "core-sweep": {"task": "budgets.tasks.sweep_core", "schedule": schedule(60)},
    "decisions-sweep": {"task": "budgets.tasks.carry_out", "schedule": schedule(5)},
    "budgets-watch": {"task": "budgets.tasks.watch", "schedule": schedule(600)},
    "scale-budgets": {"task": "budgets.tasks.scale_budgets", "schedule": schedule(3600)},
    "watch-waivers": {
        "task": "budgets.tasks.watch_waivers",
        "schedule": crontab(hour=3, minute=50),
    },
    "watch-gates": {"task": "budgets.tasks.watch_gates", "schedule": crontab(hour=3, minute=40)},
    "watch-core": {"task": "budgets.tasks.watch_core", "schedule": crontab(hour=4, minute=10)},
    "canary": {"task": "org.tasks.canary", "schedule": schedule(20)},
    "outbox-sweep": {"task": "org.tasks.sweep_outbox", "schedule": schedule(15)},
    "forget-answers": {"task": "org.tasks.forget_answers", "schedule": schedule(86_400)},
}

LOGGING = logging(as_json=env.bool("TOKENOPS_LOG_JSON", default=False))

# The address people use decides: cookies and redirects of an https address never go in the clear.
IS_HTTPS = TOKENOPS_BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [TOKENOPS_BASE_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # probes ask the process itself, in the clear
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
if env.bool("TOKENOPS_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
