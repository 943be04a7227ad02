#include "net/x509.h"
#include "ops/sns.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static const struct {
	const char *url;
	enum sns_url what;
	const char *endpoint;
	bool ok;
} urls[] = {
	{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-6c6f63616c.pem", SNS_CERTIFICATE, "", true},
	{"https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-6c6f63616c.pem", SNS_CERTIFICATE, "", true},
	{"https://sns.us-gov-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:x&Token=23",
	 SNS_SUBSCRIBE, "", true},
	{"http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-6c.pem?x=1", SNS_CERTIFICATE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-6c/../x.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/x.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://u@sns.eu-central-1.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "",
	 false},
	{"https://sns.evil.example/.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.a.b.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://sns..amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://sns.EU.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://bucket.s3.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://10.0.0.1/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "", false},
	{"https://169.254.169.254/?Action=ConfirmSubscription&x", SNS_SUBSCRIBE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/?Action=DeleteTopic&x", SNS_SUBSCRIBE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&x=\r\nHost: y", SNS_SUBSCRIBE, "", false},
	{"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&x=a b", SNS_SUBSCRIBE, "", false},
	{"", SNS_SUBSCRIBE, "", false},
	{"https://localhost:4566/_aws/sns/SimpleNotificationService-6c.pem", SNS_CERTIFICATE, "https://localhost:4566",
	 true},
	{"https://localhost:4566/?Action=ConfirmSubscription&x", SNS_SUBSCRIBE, "https://localhost:4566", true},
	{"https://localhost:45666/x.pem", SNS_CERTIFICATE, "https://localhost:4566", false},
	{"https://localhost:4566@evil/x.pem", SNS_CERTIFICATE, "https://localhost:4566", false},
	{"https://localhost:4566/x", SNS_CERTIFICATE, "https://localhost:4566", false},
	{"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-6c.pem", SNS_CERTIFICATE,
	 "https://localhost:4566", false}, /* instead, not beside */
};

START_TEST(only_addresses_of_sns_are_called)
{
	ck_assert_msg(sns_url_ok(str_of(urls[_i].url), urls[_i].what, str_of(urls[_i].endpoint)) == urls[_i].ok, "%s",
		      urls[_i].url);
}
END_TEST

static struct sns_message must_read(const char *body)
{
	struct sns_message m;
	struct err err = {0};
	const struct json *tree = json_parse(&a, str_of(body), JSON_STRICT, &err);

	ck_assert_msg(tree && sns_read(&a, tree, &m, &err), "%s", err.text);
	return m;
}

START_TEST(the_text_that_is_signed_is_that_of_the_guide)
{
	struct sns_message m = must_read("{\"Type\":\"Notification\",\"MessageId\":\"id\",\"TopicArn\":\"arn:x\","
					 "\"Subject\":\" My \",\"Message\":\"a\\nb\",\"Timestamp\":\"t\","
					 "\"SignatureVersion\":\"1\",\"Signature\":\"U2ln\",\"SigningCertURL\":\"https:"
					 "//x\",\"UnsubscribeURL\":\"u\"}");

	ck_str(m.text,
	       "Message\na\nb\nMessageId\nid\nSubject\n My \nTimestamp\nt\nTopicArn\narn:x\nType\nNotification\n");
	ck_assert(!m.sha256);
	ck_str(m.topic, "arn:x");
	m = must_read(
		"{\"Type\":\"Notification\",\"MessageId\":\"id\",\"TopicArn\":\"arn:x\",\"Message\":\"\",\"Timestamp\":"
		"\"t\",\"SignatureVersion\":\"2\",\"Signature\":\"U2ln\",\"SigningCertURL\":\"https://x\"}");
	ck_str(m.text, "Message\n\nMessageId\nid\nTimestamp\nt\nTopicArn\narn:x\nType\nNotification\n");
	ck_assert(m.sha256);
	m = must_read("{\"Type\":\"SubscriptionConfirmation\",\"MessageId\":\"id\",\"Token\":\"23\",\"TopicArn\":\"arn:"
		      "x\",\"Subject\":\"not signed here\",\"Message\":\"m\",\"SubscribeURL\":\"s\","
		      "\"Timestamp\":\"t\",\"SignatureVersion\":\"1\",\"Signature\":\"U2ln\",\"SigningCertURL\":"
		      "\"https://x\"}");
	ck_str(m.text, "Message\nm\nMessageId\nid\nSubscribeURL\ns\nTimestamp\nt\nToken\n23\nTopicArn\narn:"
		       "x\nType\nSubscriptionConfirmation\n");
}
END_TEST

static const struct {
	const char *body, *why;
} refused[] = {
	{"{\"AlarmName\":\"x\"}", "this is no message of SNS"},
	{"[]", "this is no message of SNS"},
	{"{\"Type\":\"Other\"}", "this is no message of SNS"},
	{"{\"Type\":\"Notification\",\"SignatureVersion\":\"3\"}", "SignatureVersion"},
	{"{\"Type\":\"Notification\",\"SignatureVersion\":\"1\"}", "the message is not signed"},
	{"{\"Type\":\"Notification\",\"SignatureVersion\":\"1\",\"Signature\":\"x\",\"SigningCertURL\":\"x\","
	 "\"Message\":1}",
	 "the message is not signed, or not whole"},
};

START_TEST(what_is_not_signed_says_so)
{
	struct sns_message m;
	struct err err = {0};
	const struct json *tree = json_parse(&a, str_of(refused[_i].body), JSON_STRICT, &err);

	ck_assert(!sns_read(&a, tree, &m, &err));
	ck_assert_int_eq(err.code, ERR_FORBIDDEN);
	ck_assert_msg(str_starts(str_of(err.text), str_of(refused[_i].why)), "%s", err.text);
}
END_TEST

START_TEST(topics_are_arns)
{
	ck_assert(sns_topic_ok(S("arn:aws:sns:eu-central-1:123456789012:alarms.fifo")));
	ck_assert(!sns_topic_ok(S("alarms")));
	ck_assert(!sns_topic_ok(S("arn:aws:sns:*")));
	ck_assert(!sns_topic_ok(S("arn:a b")));
}
END_TEST

START_TEST(what_is_no_certificate_checks_nothing)
{
	struct err err = {0};

	ck_assert(!x509_is_certificate(S("")));
	ck_assert(!x509_is_certificate(S("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")));
	ck_assert(!x509_signature_ok(S("x"), true, S("text"), S("sig"), 0, &err));
	ck_assert_int_eq(err.code, ERR_FORBIDDEN);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"addresses", only_addresses_of_sns_are_called, COUNT_OF(urls)},
		{"addresses", topics_are_arns},
		{"messages", the_text_that_is_signed_is_that_of_the_guide},
		{"messages", what_is_not_signed_says_so, COUNT_OF(refused)},
		{"messages", what_is_no_certificate_checks_nothing},
	};

	return unit_run_in("ops/sns", tests, COUNT_OF(tests), open_arena, close_arena);
}
