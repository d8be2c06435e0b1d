# The executable contains the bun binary of this image: build for the platform that will run it.
FROM oven/bun:1.4.5 AS build
WORKDIR /src
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production --no-progress --no-summary
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN bun scripts/build.ts && mkdir --mode=0700 /data

# The executable links to glibc only.
FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /src/dist/yurt /yurt
# A new volume inherits the owner of this folder.
COPY --from=build --chown=65532:65532 /data /data
# The access mode is not set here: the server refuses to start until YURT_AUTH_MODE is set.
# TURN is off, since clients are told its address, and cannot reach it before its ports are published: docs/turn.md.
ENV YURT_HOST=0.0.0.0 \
    YURT_DATA=/data \
    YURT_TURN_ENABLED=false
USER 65532:65532
VOLUME /data
EXPOSE 4444
STOPSIGNAL SIGTERM
# The health check reads the same variables as the server.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/yurt", "health"]
ENTRYPOINT ["/yurt"]
