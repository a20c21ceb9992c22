# The product without its database and broker: docker-compose.yml brings those.
FROM python:3.11-slim AS build
WORKDIR /app
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock ./
RUN UV_PYTHON_DOWNLOADS=never uv sync --frozen --no-dev --compile-bytecode

FROM python:3.11-slim
WORKDIR /app
RUN useradd --system --uid 10001 --no-create-home tokenops \
    && install --directory --owner=tokenops /app/var
COPY --from=build /app/.venv .venv
COPY manage.py ./
COPY finops finops
COPY org org
COPY ingestion ingestion
COPY policy policy
COPY budgets budgets
COPY dashboard dashboard
COPY tokenops tokenops
COPY templates templates
COPY static static
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER tokenops
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["granian", "--interface=wsgi", "--host=0.0.0.0", "--port=8000", "--workers=2", \
     "--blocking-threads=8", "tokenops.wsgi:application"]
