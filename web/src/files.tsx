// files.tsx -- what a message brings: pictures are shown, anything else is a link.
//
// The address is made from the id, not taken from the message: the console loads from its own daemon only.

import { route_to_file } from './route';
import type { MessageFile } from './types';

const picture_types = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

function size_text(bytes: unknown): string {
	const size = Number(bytes);

	if (!(size >= 0))
		return '';
	return size < 1024 ? `${size} B` : size < 1024 * 1024 ? `${Math.round(size / 1024)} KiB` : `${(size / 1024 / 1024).toFixed(1)} MiB`;
}

function whole(n: unknown): number | undefined {
	return typeof n === 'number' && n > 0 && n < 20000 ? Math.round(n) : undefined;
}

function FileDraw({ file }: { file: MessageFile }) {
	const name = String(file.name || 'file'), title = String(file.title || name);
	const url = route_to_file(String(file.id), name);

	if (picture_types.has(String(file.mimetype)))
		return (
			<a class="file-picture" href={url} target="_blank" rel="noopener" title={title}>
				<img src={url} loading="lazy" alt={title} width={whole(file.original_w)} height={whole(file.original_h)} />
			</a>
		);
	return <a class="file-link" href={url} target="_blank" rel="noopener">{name} <span class="faint">{size_text(file.size)}</span></a>;
}

export function Files({ files }: { files: MessageFile[] | undefined }) {
	const all = Array.isArray(files) ? files.filter((file) => file && typeof file === 'object' && file.id) : [];

	return all.length ? <div class="files">{all.slice(0, 20).map((file) => <FileDraw key={file.id} file={file} />)}</div> : null;
}
