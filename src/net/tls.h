/* net/tls.h -- TLS of both sides by OpenSSL with memory BIOs; TLS 1.2 and newer. */
#pragma once
#include "base/mem.h"

struct tls_context;
/* PEM files. ERR_INVALID with what OpenSSL said, naming the file. */
MUST_USE struct tls_context *tls_context_new(const char *certificate_file, const char *key_file, struct err *err);
/* Reads the files again; new connections use them. On an error the old ones stay. */
MUST_USE bool tls_context_reload(struct tls_context *t, struct err *err);
/* For connections that we open. The other side's certificate must come from a CA of ca_file (NULL: of the system's, as OpenSSL finds
 * them). certificate_file and key_file, both or none: what we show who asks. Not for tls_context_reload(). */
MUST_USE struct tls_context *tls_client_context_new(const char *ca_file, const char *certificate_file, const char *key_file, struct err *err);
void tls_context_free(struct tls_context *t);

/* One connection's side: bytes from the socket in, plain bytes out, and the other way. No sockets in here. */
struct tls_conn;
struct tls_conn *tls_conn_new(struct tls_context *t);
/* The client's side. host, a name or an address without brackets: the certificate must be for it; a name is sent too (SNI). It speaks first:
 * feed it with nothing to begin. NULL: host is no name. */
struct tls_conn *tls_client_conn_new(struct tls_context *t, const char *host);
void tls_conn_free(struct tls_conn *c);
/* Gives ciphertext in; appends plaintext to *plain and what must be sent to *cipher. false: the connection is to be closed
 * (after sending *cipher). */
bool tls_conn_feed(struct tls_conn *c, struct str from_socket, struct buf *plain, struct buf *cipher);
bool tls_conn_is_open(const struct tls_conn *c); /* the handshake is done */
/* Why tls_conn_feed() answered false; NULL: the other side ended it properly. A constant. */
const char *tls_conn_why(const struct tls_conn *c);
bool tls_conn_write(struct tls_conn *c, struct str plain, struct buf *cipher);
void tls_conn_shutdown(struct tls_conn *c, struct buf *cipher); /* close_notify */
