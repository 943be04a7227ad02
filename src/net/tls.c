#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_context {
	SSL_CTX *ctx;
	char *certificate_file, *key_file;
};

struct tls_conn {
	SSL *ssl;
	BIO *from_socket, *to_socket; /* belong to ssl */
	const char *why;              /* it failed; a constant */
};

static bool failed(struct err *err, const char *file)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(e);

	err_set(err, ERR_INVALID, "%s: %s", file, why ? why : "cannot be used for TLS");
	ERR_clear_error();
	return false;
}

/* RFC 7301: http/1.1 is what we speak; a client that offers only others is refused. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned in_n,
		   void *context)
{
	static const unsigned char ours[] = "\x08http/1.1";

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto((unsigned char **)out, out_n, ours, sizeof ours - 1, in, in_n) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *ctx_new(const SSL_METHOD *side, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(side);

	if (!ctx) {
		failed(err, "OpenSSL");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

static bool use_certificate(SSL_CTX *ctx, const char *certificate_file, const char *key_file, struct err *err)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate_file) != 1)
		return failed(err, certificate_file);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return failed(err, key_file);
	return true;
}

static SSL_CTX *server_ctx_new(const char *certificate_file, const char *key_file, struct err *err)
{
	SSL_CTX *ctx = ctx_new(TLS_server_method(), err);

	if (!ctx)
		return NULL;
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	if (use_certificate(ctx, certificate_file, key_file, err))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls_context *tls_context_new(const char *certificate_file, const char *key_file, struct err *err)
{
	SSL_CTX *ctx = server_ctx_new(certificate_file, key_file, err);
	struct tls_context *t;

	if (!ctx)
		return NULL;
	t = mem_new(sizeof *t);
	t->ctx = ctx;
	t->certificate_file = mem_dup(str_of(certificate_file));
	t->key_file = mem_dup(str_of(key_file));
	return t;
}

bool tls_context_reload(struct tls_context *t, struct err *err)
{
	SSL_CTX *ctx = server_ctx_new(t->certificate_file, t->key_file, err);

	if (!ctx)
		return false;
	SSL_CTX_free(t->ctx); /* open connections hold it on */
	t->ctx = ctx;
	return true;
}

/* The system's CAs come from its folder of hashed names where there is one, so only the one that is needed is read. */
static bool trust(SSL_CTX *ctx, const char *ca_file, struct err *err)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (!ca_file)
		return SSL_CTX_set_default_verify_paths(ctx) == 1 || failed(err, "the system's certificates");
	return SSL_CTX_load_verify_file(ctx, ca_file) == 1 || failed(err, ca_file);
}

struct tls_context *tls_client_context_new(const char *ca_file, const char *certificate_file, const char *key_file, struct err *err)
{
	SSL_CTX *ctx = ctx_new(TLS_client_method(), err);
	struct tls_context *t;

	if (!ctx)
		return NULL;
	if (!trust(ctx, ca_file, err) || (certificate_file && !use_certificate(ctx, certificate_file, key_file, err))) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	t = mem_new(sizeof *t);
	t->ctx = ctx;
	return t;
}

void tls_context_free(struct tls_context *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	mem_free(t->certificate_file);
	mem_free(t->key_file);
	mem_free(t);
}

static struct tls_conn *conn_new(struct tls_context *t)
{
	struct tls_conn *c = mem_new(sizeof *c);

	c->ssl = SSL_new(t->ctx);
	c->from_socket = BIO_new(BIO_s_mem());
	c->to_socket = BIO_new(BIO_s_mem());
	SSL_set_bio(c->ssl, c->from_socket, c->to_socket);
	return c;
}

struct tls_conn *tls_conn_new(struct tls_context *t)
{
	struct tls_conn *c = conn_new(t);

	SSL_set_accept_state(c->ssl);
	return c;
}

/* RFC 9525; an address stands in no SNI (RFC 6066 section 3), and is compared with the certificate's addresses alone. */
static bool expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return true;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct tls_conn *tls_client_conn_new(struct tls_context *t, const char *host)
{
	struct tls_conn *c = conn_new(t);

	ERR_clear_error();
	SSL_set_connect_state(c->ssl);
	if (host[0] && expect_host(c->ssl, host))
		return c;
	ERR_clear_error();
	tls_conn_free(c);
	return NULL;
}

void tls_conn_free(struct tls_conn *c)
{
	if (!c)
		return;
	SSL_free(c->ssl);
	mem_free(c);
}

static void take_cipher(struct tls_conn *c, struct buf *cipher)
{
	size_t n = BIO_ctrl_pending(c->to_socket);
	char *to = n ? buf_room(cipher, n) : NULL;
	int got;

	if (!to)
		return;
	got = BIO_read(c->to_socket, to, (int)n);
	if (got > 0)
		cipher->n += (size_t)got;
}

/* The certificate's fault says more than "certificate verify failed". */
static const char *reason(const struct tls_conn *c)
{
	long fault = SSL_get_verify_result(c->ssl);
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return fault != X509_V_OK ? X509_verify_cert_error_string(fault) : why ? why : "protocol error";
}

/* Reads until OpenSSL wants more from the socket. false: it is over, by close_notify or an error. */
static bool take_plain(struct tls_conn *c, struct buf *plain)
{
	int got, why;

	for (;;) {
		char *to = buf_room(plain, 16 * KIB);

		if (!to)
			return false;
		got = SSL_read(c->ssl, to, 16 * KIB);
		if (got <= 0)
			break;
		plain->n += (size_t)got;
	}
	why = SSL_get_error(c->ssl, got);
	if (why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL)
		c->why = reason(c);
	ERR_clear_error();
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

bool tls_conn_feed(struct tls_conn *c, struct str from_socket, struct buf *plain, struct buf *cipher)
{
	bool ok;

	ERR_clear_error();
	if (from_socket.n && BIO_write(c->from_socket, from_socket.p, (int)from_socket.n) != (int)from_socket.n)
		return false;
	ok = take_plain(c, plain);
	take_cipher(c, cipher);
	return ok;
}

bool tls_conn_is_open(const struct tls_conn *c)
{
	return SSL_is_init_finished(c->ssl);
}

const char *tls_conn_why(const struct tls_conn *c)
{
	return c->why;
}

bool tls_conn_write(struct tls_conn *c, struct str plain, struct buf *cipher)
{
	bool ok = true;

	ERR_clear_error();
	while (plain.n && ok) {
		int part = plain.n < 16 * KIB ? (int)plain.n : (int)(16 * KIB); /* a TLS record */
		int took = SSL_write(c->ssl, plain.p, part);

		ok = took > 0;
		if (ok)
			plain = str_n(plain.p + took, plain.n - (size_t)took);
		take_cipher(c, cipher);
	}
	ERR_clear_error();
	return ok;
}

void tls_conn_shutdown(struct tls_conn *c, struct buf *cipher)
{
	ERR_clear_error();
	if (SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	take_cipher(c, cipher);
	ERR_clear_error();
}
