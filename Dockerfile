FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 ML_VAR_DIR=/var/lib/ml-connector

RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/ml-connector portal
WORKDIR /srv/ml-connector

COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes -r requirements/run.txt

COPY manage.py ./
COPY audit audit
COPY connectors connectors
COPY mappings mappings
COPY portal portal
COPY templates templates

USER portal
RUN ML_DEVELOPMENT=1 python manage.py collectstatic --noinput

EXPOSE 8000
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--timeout", "60", "--worker-tmp-dir", "/dev/shm"]
