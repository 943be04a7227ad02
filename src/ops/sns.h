/* ops/sns.h -- messages of Amazon SNS: which text is signed, and which addresses are SNS's own. Pure.
 *
 * Source: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages". A signature shows that SNS sent the message for
 * the owner of its topic, whoever that is: anybody may have a topic. So a source may name its own.
 */
#pragma once
#include "base/json.h"

struct sns_message {
	struct str topic;           /* TopicArn */
	struct str certificate_url; /* SigningCertURL */
	struct str signature;       /* base64 */
	bool sha256;                /* SignatureVersion 2; 1 is SHA-1 */
	struct str text;            /* what is signed */
};

/* Reads a body as it came, with its texts untouched. ERR_FORBIDDEN: it is not signed, or not by SNS's rules. */
MUST_USE bool sns_read(struct arena *a, const struct json *body, struct sns_message *out, struct err *err);

enum sns_url { SNS_CERTIFICATE, SNS_SUBSCRIBE };
/* May this be called? https://sns.REGION.amazonaws.com/ (or .com.cn), no port, no user, and the path that the thing has. endpoint:
 * "", or the only server that counts instead, as https://sns.example.com:4566 (its paths are its own). */
bool sns_url_ok(struct str url, enum sns_url what, struct str endpoint);
/* "arn:aws:sns:eu-central-1:123456789012:alarms" */
bool sns_topic_ok(struct str arn);
