# Three stages: front-end assets, Python packages, and the product with neither npm nor a package cache in it.
# A CPU or a CUDA build of PyTorch is chosen at build time, as with make: --build-arg TORCH_INDEX=… (docs/decisions/0003-torch.md)

FROM node:22-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY .ci/assets.sh .ci/bundle.sh .ci/
RUN .ci/assets.sh product
COPY static static
RUN .ci/bundle.sh

FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
ARG TORCH_INDEX=""
COPY requirements.txt constraints.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --disable-pip-version-check --no-cache-dir --no-input \
        --constraint constraints.txt --requirement requirements.txt \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"}

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Whylight" \
    org.opencontainers.image.description="A light box for radiology AI that shows why. Research use only, not for clinical use." \
    org.opencontainers.image.licenses="Apache-2.0"
# A number, so that an orchestrator can see that it is not root; the name is for people.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent whylight \
    && install --directory --owner=10001 --group=10001 /var/lib/whylight
WORKDIR /srv/whylight
COPY --from=packages /opt/venv /opt/venv
COPY models models
COPY migrations migrations
COPY templates templates
COPY static static
COPY --from=assets /build/static/vendor static/vendor
COPY --from=assets /build/static/built static/built
COPY app app
# Everything the product writes goes to /var/lib/whylight and /tmp, so the rest may be mounted read-only.
# WHYLIGHT_CONTAINER lets it listen on all addresses of the container; what reaches it is what docker-compose.yml publishes.
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WHYLIGHT_CONTAINER=true \
    WHYLIGHT_HOST=0.0.0.0 \
    WHYLIGHT_PORT=8000 \
    WHYLIGHT_VAR=/var/lib/whylight
USER 10001:10001
VOLUME ["/var/lib/whylight"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
