/* ops/chats.h -- the chats file: which other chat systems opsroom lives in, and which of their channels are whose here.
 *
 * Immutable; read at the start and at SIGHUP (setting `chats`), swapped as a whole. Secrets stand in files of their own.
 */
#pragma once
#include "base/json.h"
#include "ops/model.h"

#define CHATS_MAX 16
#define CHAT_CHANNELS_MAX 1000

/* A channel here and its counterpart. */
struct chat_channel {
	struct str here;  /* its name here, without # */
	struct str there; /* its name there, as people write it without #, or its id */
	bool make;        /* it is made there if it is not there */
};

/* Who somebody there is here. */
struct chat_same {
	struct str there; /* IRC: the account, or with by_nick the nick */
	struct str here;  /* the person's name here, without @ */
};

struct chat_config {
	struct str name;     /* "slack": as commands, pages and logs call it */
	struct str system;   /* a row of chat/table.c: "slack", "irc", "mattermost" */
	struct str url;      /* Slack: of its Web API, with a / at the end; Mattermost: of the server */
	struct str server;   /* IRC: HOST:PORT */
	bool tls;            /* IRC: with TLS (usual); without, only to loopback unless `tls: false` says so */
	struct str ca_file;  /* PEM: certificates that the server's is checked with; "": the system's */
	struct str certificate, key_file; /* IRC: of ours, for SASL EXTERNAL; "": none */
	struct str nick;     /* IRC */
	struct str account;  /* IRC: of services; "": none */
	struct str team;     /* Mattermost: the team's name in URLs */
	struct str token, app_token, signing_secret, command_token, password; /* in the file: token_file and so on; here what stands in those files. "": none */
	enum role role;      /* of people of that system who have no account here: what they may at most, until somebody gives them more */
	bool by_email;       /* who has an e-mail address there that an account here has, is that one */
	bool by_nick;        /* IRC: a nick is believed without services: only for networks of one's own */
	span_ms post_every;  /* one message a channel; 0: as the system allows */
	bool joined;         /* every channel that the bot is in has one here of the same name */
	struct chat_channel *channels;
	size_t channel_count;
	struct chat_same *people; /* IRC */
	size_t people_count;
	struct str *mail;    /* names of people here who are told by mail when it is away */
	size_t mail_count;
};

struct chats {
	struct arena arena;
	struct chat_config *list;
	size_t count;
	struct str digest; /* of the file and of all that it names; to see whether another is the same */
};

/* path "": no other chats. Errors name file and line: ERR_INVALID; ERR_NOT_FOUND and others for a secret's file, whose relative name is meant
 * from the folder of the chats file. */
MUST_USE struct chats *chats_read(struct str path, struct err *err);
/* The same of a text, without the secrets: no file is opened. name: of the file, for errors. */
MUST_USE struct chats *chats_parse(struct str text, const char *name, struct err *err);
void chats_free(struct chats *c); /* NULL is fine */
const struct chat_config *chats_find(const struct chats *c, struct str name); /* NULL: there is none */
