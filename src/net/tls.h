/* net/tls.h -- TLS for the server by OpenSSL with memory BIOs; TLS 1.2 and newer. */
#pragma once
#include "base/mem.h"

struct tls_context;
/* PEM files. ERR_INVALID with what OpenSSL said, naming the file. */
MUST_USE struct tls_context *tls_context_new(const char *certificate_file, const char *key_file, struct err *err);
/* Reads the files again; new connections use them. On an error the old ones stay. */
MUST_USE bool tls_context_reload(struct tls_context *t, struct err *err);
void tls_context_free(struct tls_context *t);

/* One connection's side: bytes from the socket in, plain bytes out, and the other way. No sockets in here. */
struct tls_conn;
struct tls_conn *tls_conn_new(struct tls_context *t);
void tls_conn_free(struct tls_conn *c);
/* Gives ciphertext in; appends plaintext to *plain and what must be sent to *cipher. false: the connection is to be closed
 * (after sending *cipher). */
bool tls_conn_feed(struct tls_conn *c, struct str from_socket, struct buf *plain, struct buf *cipher);
bool tls_conn_write(struct tls_conn *c, struct str plain, struct buf *cipher);
void tls_conn_shutdown(struct tls_conn *c, struct buf *cipher); /* close_notify */
