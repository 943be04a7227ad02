// pretty.ts -- what a tool sent, as people read it: only white space is changed, so that long numbers and doubled keys stay as they came.

function is_json(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

export function json_indent(text: string): string {
	const pieces = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g) ?? [];
	let out = '', depth = 0;
	const line = () => '\n' + '  '.repeat(depth);

	pieces.forEach((piece, i) => {
		const before = pieces[i - 1] ?? '';

		if (piece === '}' || piece === ']') {
			depth--;
			out += before === '{' || before === '[' ? piece : line() + piece;
			return;
		}
		if (before === '{' || before === '[' || before === ',')
			out += line();
		out += piece === ':' ? ': ' : piece;
		if (piece === '{' || piece === '[')
			depth++;
	});
	return out;
}

// A form as a line for each field, where a field that is JSON is indented.
function form_lines(text: string): string {
	return [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${is_json(value) ? json_indent(value) : value}`).join('\n');
}

export function body_text(type: string, body: string): string {
	if (is_json(body))
		return json_indent(body);
	return /^application\/x-www-form-urlencoded/i.test(type) ? form_lines(body) : body;
}
