#!/bin/sh
# Make the secrets of a deployment: secrets.sh FOLDER [users.conf]
# FOLDER/secret is the deployment secret, FOLDER/nats/ a password for each user of users.conf, FOLDER/nats.env
# the same for the server. What is there already is kept. Keep the folder to yourself, and back it up: with
# another deployment secret, agents' tokens and the threads of old conversations are not known again.
set -eu
folder=${1:?which folder?}
conf=${2:-$(dirname "$0")/kubernetes/base/nats/users.conf}
users="route $(sed -n 's/^ *user: "\([^"]*\)".*/\1/p' "$conf")"

umask 077
mkdir -p "$folder/nats"
random() { # a letter first: nats-server would read some words that begin with a digit as numbers
  printf 'k%s' "$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n')"
}
[ -s "$folder/secret" ] || random >"$folder/secret"
: >"$folder/nats.env"
for user in $users; do
  [ -s "$folder/nats/$user" ] || random >"$folder/nats/$user"
  name=$(printf %s "$user" | tr 'a-z-' 'A-Z_')
  printf 'NATS_PASSWORD_%s=%s\n' "$name" "$(cat "$folder/nats/$user")" >>"$folder/nats.env"
done
