#!/bin/sh
# Makes the certificates of the tests anew: an authority, a server for localhost, a client. Valid until 2126.
set -eu
cd "$(dirname "$0")"
days=36500
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
key ca.key
openssl req -x509 -new -key ca.key -days $days -subj '/CN=otolith test authority' -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
leaf() {
  key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "/CN=otolith test $1" -out "$1.csr"
  printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s\n' "$2" "$3" > ext
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -extfile ext -out "$1.pem"
  rm "$1.csr" ext
}
leaf server serverAuth 'subjectAltName=DNS:localhost,IP:127.0.0.1'
leaf client clientAuth ''
rm -f ca.key ca.srl
