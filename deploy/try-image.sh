#!/bin/sh
# Build the image without a daemon and start a service in it as its manifest would: try-image.sh BASE
# BASE is an image with Python 3.11 or newer and its venv, one that buildah can have: python:3.12-slim-bookworm, or a
# local one. Needs root, buildah, podman and runc (Debian's packages). Everything is in a folder that is deleted.
set -eu
base=${1:?which base image?}
storage=${STORAGE:-} # a folder of images to build on: buildah --root FOLDER
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
[ -n "$storage" ] || storage=$folder/images
trap 'podman_ rm --force --ignore frontline-try >/dev/null; [ "${KEEP:-}" ] || rm -rf "$folder"' EXIT
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

podman_() {
  podman --root "$storage" --runroot "$folder/run" --cgroup-manager cgroupfs --runtime runc "$@"
}
start() { # what the manifests let a pod do, and no more
  podman_ run --network host --user 10001:10001 --read-only --tmpfs /tmp --tmpfs /var/lib/frontline:mode=1777 \
    --cap-drop all --security-opt no-new-privileges --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 \
    --volume "$folder/secrets:/run/secrets:ro" --volume "$here/kubernetes/base/desks.toml:/etc/frontline/desks.toml:ro" "$@"
}

buildah --root "$storage" --runroot "$folder/run" bud --network host --build-arg "BASE=$base" \
  --file "$here/Dockerfile" --tag localhost/frontline:try "$here/.."
"$here/secrets.sh" "$folder/secrets"
chmod -R a+rX "$folder" # the process in the image is another user
start --rm localhost/frontline:try --version
# No NATS: a service that waits for it is alive, and not ready.
start --detach --name frontline-try \
  --env FRONTLINE_ENV=production --env FRONTLINE_NATS_URL=nats://127.0.0.1:1 --env FRONTLINE_NATS_USER=router \
  --env FRONTLINE_NATS_PASSWORD_FILE=/run/secrets/nats/router --env FRONTLINE_SECRET_FILE=/run/secrets/secret \
  --env FRONTLINE_CONFIG=/etc/frontline/desks.toml --env FRONTLINE_DATA_DIR=/tmp/frontline \
  --env FRONTLINE_INDEX_DIR=/var/lib/frontline/index --env FRONTLINE_ROUTER_PORT=0 --env FRONTLINE_OPS_PORT=19090 \
  localhost/frontline:try service run router
asked=0
until curl --silent --fail --output /dev/null http://127.0.0.1:19090/healthz/live; do
  asked=$((asked + 1))
  [ "$asked" -lt 60 ] || { podman_ logs frontline-try; exit 1; }
  sleep 0.5
done
ready=$(curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:19090/healthz/ready)
podman_ stop --time 30 frontline-try >/dev/null
ended=$(podman_ inspect frontline-try --format '{{.State.ExitCode}}')
echo "alive; ready without NATS: $ready (503 is right); ended by SIGTERM with $ended (0 is right)"
[ "$ready" = 503 ] && [ "$ended" = 0 ]
