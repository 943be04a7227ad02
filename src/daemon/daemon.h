/* daemon/daemon.h -- what the files of this room share: the one daemon of this process. */
#pragma once
#include "api/exchange.h"
#include "daemon/settings.h"
#include "net/smtp_server.h"
#include "net/tls.h"

#include <stdio.h>

struct daemon {
	struct settings settings;
	const char *config_file; /* NULL: none */
	struct settings_given given;
	struct str clock; /* --clock: virtual; "" for the real one */
	struct arena arena;
	uv_loop_t loop;
	uv_signal_t signals[3];
	struct engine *engine;
	struct server *server;
	struct smtp_server *smtp; /* NULL: no mail comes in */
	struct str smtp_url;
	struct api *api;
	struct tls_context *tls;
	struct str url, local_url;
	struct str setup_token; /* to make the first admin; "" when there is one */
	bool draining;
	unsigned drains; /* servers that are not empty yet */
	bool has_sources, has_alerting, has_access, has_plugins, reading_rules, read_rules_again; /* rules.c */
	struct rules_waiter *rules_waiters;
	mono_ms began;
};

/* Options that are no settings (main.c); the last has no name. */
struct daemon_option {
	const char *name, *value, *help; /* value NULL: a switch */
};
extern const struct daemon_option daemon_options[];

/* start.c: opens the store, whose directory must be locked, and makes what every store has. */
MUST_USE bool daemon_open(struct daemon *d, struct err *err);
/* What people type to reach it. */
struct str daemon_url(struct daemon *d, struct str host, int port);
/* How this machine reaches it, without what stands in front. */
struct str daemon_local_url(struct daemon *d, struct str host, int port);

/* Of the settings as they are; the texts stay where they are. */
struct mail_server daemon_mail_server(const struct daemon *d);

/* run.c: runs until a signal ends it; the answer is the exit code. */
int daemon_run(struct daemon *d, struct err *err);

/* rules.c: reads sources_dir, the alerting file, the access file and the plugins beside the loop and hands them to the work thread; says READY=1 when that is done. */
void daemon_read_rules(struct daemon *d);
/* For the API: the same, with a word when it is in force. */
void daemon_read_rules_for(void *daemon, void (*done)(void *context), void *context);
struct rulebook;
/* The log: which plugins are in force, which are not and why. */
void daemon_say_plugins(struct daemon *d, const struct rulebook *r);

/* provision.c: `opsroomd provision FILE`, through the daemon that has the data directory, if one has. */
int daemon_provision(struct daemon *d, const char *file, struct err *err);

/* manual.c: "opsroomd.8", "opsroom.yaml.5", "opsroom-api.7", "opsroom-log.7" as roff. false: there is no such page. */
bool manual_print(FILE *to, const char *page);
