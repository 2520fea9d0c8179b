# The images of the operator: one target for each service, and one for the command line.
#
#   npm run images                                            builds all of them, without a container engine
#   npm run images -- --context                               only prepares dist/images/context
#   docker build --target policy-controller -f Dockerfile dist/images/context
#
# No target runs anything while it is built, so each builds for any architecture on any machine. What is copied is laid
# out by tools/images: `base` is Node.js with the libraries that it needs, `host-tools` and `plugin-tools` are the commands
# of the config-daemon and of the device-plugin with theirs, and each app is its bundle. docs/images.md has more.

# Any image with a Node.js 24 in its PATH or in /nodejs/bin, and glibc 2.41 or later for the config-daemon. Name it by its
# digest: gcr.io/distroless/nodejs24-debian13@sha256:...
ARG BASE=base

FROM scratch AS base
ARG TARGETARCH
COPY ${TARGETARCH}/base /

FROM ${BASE} AS service
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.vendor="The SR-IOV network operator authors"
ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/nodejs/bin \
    NODE_ENV=production \
    # Code that V8 has compiled before. With another Node.js or processor than it was made with, it is not used.
    NODE_COMPILE_CACHE=/app/compile-cache
WORKDIR /
USER 65532:65532
ENTRYPOINT ["node", "/app/main.mjs"]
CMD []

FROM service AS policy-controller
ARG TARGETARCH
LABEL org.opencontainers.image.title=policy-controller \
      org.opencontainers.image.description="Turns policies, pools and nodes into specs of node states"
COPY ${TARGETARCH}/policy-controller /app

FROM service AS network-renderer
ARG TARGETARCH
LABEL org.opencontainers.image.title=network-renderer \
      org.opencontainers.image.description="Turns networks into NetworkAttachmentDefinitions"
COPY ${TARGETARCH}/network-renderer /app

FROM service AS admission-webhook
ARG TARGETARCH
LABEL org.opencontainers.image.title=admission-webhook \
      org.opencontainers.image.description="Sets defaults and checks what is wrong before it is stored"
COPY ${TARGETARCH}/admission-webhook /app

FROM service AS operand-controller
ARG TARGETARCH
LABEL org.opencontainers.image.title=operand-controller \
      org.opencontainers.image.description="Deploys what the SriovOperatorConfig asks for on the nodes"
COPY ${TARGETARCH}/operand-controller /app

FROM service AS drain-controller
ARG TARGETARCH
LABEL org.opencontainers.image.title=drain-controller \
      org.opencontainers.image.description="Drains nodes before VFs are changed that their pods have"
COPY ${TARGETARCH}/drain-controller /app

FROM service AS kubectl-sriov
ARG TARGETARCH
LABEL org.opencontainers.image.title=kubectl-sriov \
      org.opencontainers.image.description="Shows what the operator makes of objects, without a cluster"
COPY ${TARGETARCH}/kubectl-sriov /app

# The kubelet's sockets and folders belong to root. The chart takes all capabilities from it.
FROM service AS device-plugin
ARG TARGETARCH
LABEL org.opencontainers.image.title=device-plugin \
      org.opencontainers.image.description="Hands out virtual functions to the pods of a node"
USER 0:0
COPY ${TARGETARCH}/plugin-tools /
COPY ${TARGETARCH}/device-plugin /app

FROM service AS config-daemon
ARG TARGETARCH
LABEL org.opencontainers.image.title=config-daemon \
      org.opencontainers.image.description="Configures the SR-IOV devices of a node, and reports what they are"
USER 0:0
# 64 threads for writes that can block in the kernel, and 8 for all else (libs/host/src/kernel/pool-writes.ts).
ENV UV_THREADPOOL_SIZE=72
COPY ${TARGETARCH}/host-tools /
COPY ${TARGETARCH}/config-daemon /app
