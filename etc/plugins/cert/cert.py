"""cert HOST... -- until when the TLS certificates of these servers hold.

A plugin of opsroom (docs/plugins.md): the request is one JSON document on stdin; behind the line opsroom/1 each line is an event.
Only what a server's certificate says is looked at; whom it is from is checked as any client would.
"""
import json
import socket
import ssl
import sys
import time


def say(**event):
    print(json.dumps(event), flush=True)


def look(target):
    host, _, port = target.partition(':')
    with socket.create_connection((host, int(port or 443)), timeout=5) as plain:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as tls:
            until = ssl.cert_time_to_seconds(tls.getpeercert()['notAfter'])
    return {'host': target, 'days': int((until - time.time()) // 86400),
            'until': time.strftime('%Y-%m-%d', time.gmtime(until)), 'problem': ''}


def main():
    request = json.load(sys.stdin)
    hosts, warn = request['args']['hosts'], request['options']['warn']
    print('opsroom/1')
    found = []
    for done, target in enumerate(hosts):
        say(progress={'pct': 100 * done // len(hosts), 'msg': target})
        try:
            found.append(look(target))
        except (OSError, ValueError) as problem:
            found.append({'host': target, 'days': -1, 'until': '', 'problem': str(problem)})
    found.sort(key=lambda row: row['days'])
    columns = ['host', 'days', 'until', 'problem']
    say(table={'cols': columns, 'rows': [[row[name] for name in columns] for row in found]})
    late = [row['host'] for row in found if row['days'] < warn]
    if late:
        say(text=f'*Look at* {", ".join(late)}')


main()
