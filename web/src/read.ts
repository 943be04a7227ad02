// read.ts -- what a page shows of GET /v1/…: read at once, again every while, when one comes back to it, and when told to.

import { useEffect, useState } from 'preact/hooks';
import { error_text, v1 } from './api';

// rev: another number when what is read may have changed.
export function useRead<T>(path: string, again_ms: number, rev = 0): { value: T | null; error: string; again: () => void } {
	const [value, set_value] = useState<T | null>(null);
	const [error, set_error] = useState('');
	const [turn, set_turn] = useState(0);
	const again = () => set_turn((n) => n + 1);

	useEffect(() => {
		const look = () => document.visibilityState === 'visible' && again();
		const timer = setInterval(look, again_ms);

		addEventListener('focus', look);
		document.addEventListener('visibilitychange', look);
		return () => {
			clearInterval(timer);
			removeEventListener('focus', look);
			document.removeEventListener('visibilitychange', look);
		};
	}, []);
	useEffect(() => set_value(null), [path]);
	useEffect(() => {
		let current = true;

		v1('GET', path).then((answer) => {
			if (current) {
				set_value(answer);
				set_error('');
			}
		}, (reason) => current && set_error(error_text(reason)));
		return () => { current = false; };
	}, [path, turn, rev]);
	return { value, error, again };
}
