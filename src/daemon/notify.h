/* daemon/notify.h -- tells the service manager how things stand: sd_notify(3) without its library. */
#pragma once

/* "READY=1", or several lines. Does nothing without NOTIFY_SOCKET. */
void notify(const char *state);
