// The suite of all chats against our own.
import { people } from './chat-people.mjs';
import { suite } from './chat-suite.mjs';
import { daemon } from './daemon.mjs';

suite(async () => {
	const d = await daemon(), p = await people(d);
	return { ...p, name: '', d, end: async () => { p.leave(); await d.stop(); } };
});
