/* commands/press.h -- the buttons of our own messages, and the dialogs they open: each is a command of who pressed it. */
#pragma once
#include "commands/command.h"

/* What came of a press. */
struct pressed {
	const char *error;  /* NULL: it was taken. Slack's word: "invalid_action", "unknown_action", "not_allowed", "already_done", "action_failed" */
	struct str detail;  /* why, in words; the person was told. "" if they were not */
	struct str view;    /* a dialog must be asked first: a view as Slack's views.open takes it (JSON); "": none */
};

/* action_id and value as they stand in the message. said: what the dialog asked for, "" before it was asked. The value must stand in the message:
 * it is not the client's to make up. caller: who pressed; channel, thread and way (`via`) are filled here. false: only if the store failed. */
MUST_USE bool press_button(struct work *w, const struct caller *caller, const struct channel *c, const struct message *m, struct str action_id, struct str value, struct str said,
			   struct pressed *out);
/* A dialog of ours came back: its callback_id, private_metadata and what was said in it. false: it is none of ours; *where names channel and message. */
struct press_dialog {
	struct str channel, ts, action_id, value, said;
};
bool press_dialog_read(const struct json *view, struct press_dialog *out);
