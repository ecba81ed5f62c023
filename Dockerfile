# Two stages: the first builds, the second holds the program and nothing to build with.
# How to run it: docs/configuration.md, "In a container".

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin credence

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin credence \
 && install --directory --owner credence --group credence --mode 700 /data /keys /spool
COPY --from=build /build/target/release/credence /usr/bin/credence
COPY gateway-config/policy /etc/credence/policy
COPY gateway-config/credit.toml /etc/credence/credit.toml
USER 10001
# Data and keys apart, so that one can be backed up without the other. All else is only read.
VOLUME ["/data", "/keys", "/spool"]
EXPOSE 11112
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/credence"]
CMD ["serve", "--config", "/etc/credence/credence.toml"]
