// emoji.ts -- a modest table of :names:, with those that people on call use. Unknown names stay text.

const table = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|wave 👋|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|point_up ☝️|point_right 👉|point_left 👈|point_down 👇|raised_hand ✋|v ✌️|crossed_fingers 🤞|handshake 🤝|writing_hand ✍️|eyes 👀
smile 😄|grinning 😀|slightly_smiling_face 🙂|joy 😂|rofl 🤣|wink 😉|blush 😊|sunglasses 😎|thinking_face 🤔|thinking 🤔|neutral_face 😐|upside_down_face 🙃|sweat_smile 😅|sweat 😓|cold_sweat 😰|cry 😢|sob 😭|scream 😱|tired_face 😫|sleeping 😴|zzz 💤|facepalm 🤦|shrug 🤷|exploding_head 🤯|nerd_face 🤓|salute 🫡|saluting_face 🫡|heart ❤️|broken_heart 💔|tada 🎉|partying_face 🥳|party_popper 🎉|100 💯|skull 💀|ghost 👻|robot_face 🤖|see_no_evil 🙈|star ⭐|sparkles ✨|rocket 🚀|coffee ☕|beer 🍺|beers 🍻|cake 🍰|pizza 🍕|trophy 🏆|medal 🏅
white_check_mark ✅|cyclone 🌀|ocean 🌊|mute 🔇|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|no_entry ⛔|no_entry_sign 🚫|warning ⚠️|rotating_light 🚨|fire 🔥|boom 💥|bomb 💣|zap ⚡|sos 🆘|exclamation ❗|question ❓|grey_exclamation ❕|grey_question ❔|bangbang ‼️|interrobang ⁉️|information_source ℹ️|red_circle 🔴|large_red_circle 🔴|orange_circle 🟠|large_orange_circle 🟠|yellow_circle 🟡|large_yellow_circle 🟡|green_circle 🟢|large_green_circle 🟢|blue_circle 🔵|large_blue_circle 🔵|purple_circle 🟣|black_circle ⚫|white_circle ⚪|large_green_square 🟩|large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_blue_square 🟦|small_red_triangle 🔺|small_red_triangle_down 🔻|green_heart 💚|yellow_heart 💛|blue_heart 💙|orange_heart 🧡
bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|speaking_head_in_silhouette 🗣️|pager 📟|telephone_receiver 📞|phone ☎️|iphone 📱|email 📧|envelope ✉️|incoming_envelope 📨|inbox_tray 📥|outbox_tray 📤|mailbox 📫|memo 📝|pencil 📝|pencil2 ✏️|clipboard 📋|pushpin 📌|round_pushpin 📍|paperclip 📎|link 🔗|lock 🔒|unlock 🔓|key 🔑|shield 🛡️|mag 🔍|mag_right 🔎|bulb 💡|book 📖|books 📚|notebook 📓|bookmark 🔖|page_facing_up 📄|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|calendar 📅|date 📅|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|alarm_clock ⏰|clock1 🕐|watch ⌚|sunrise 🌅|sunny ☀️|cloud ☁️|rain_cloud 🌧️|snowflake ❄️|crescent_moon 🌙|night_with_stars 🌃|earth_africa 🌍|globe_with_meridians 🌐
computer 💻|desktop_computer 🖥️|keyboard ⌨️|floppy_disk 💾|cd 💿|file_cabinet 🗄️|card_file_box 🗃️|file_folder 📁|open_file_folder 📂|wastebasket 🗑️|electric_plug 🔌|battery 🔋|satellite 🛰️|satellite_antenna 📡|gear ⚙️|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|tools 🛠️|nut_and_bolt 🔩|toolbox 🧰|package 📦|whale 🐳|snake 🐍|crab 🦀|elephant 🐘|penguin 🐧|bug 🐛|ladybug 🐞|turtle 🐢|snail 🐌|rabbit 🐇|duck 🦆|goat 🐐|unicorn_face 🦄|recycle ♻️|arrows_counterclockwise 🔄|repeat 🔁|arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|arrow_left ⬅️|arrow_forward ▶️|fast_forward ⏩|rewind ⏪|black_square_for_stop ⏹️|double_vertical_bar ⏸️|heavy_plus_sign ➕|heavy_minus_sign ➖|construction 🚧|construction_worker 👷|firefighter 🧑‍🚒|fire_engine 🚒|ambulance 🚑|police_car 🚓|hospital 🏥|adhesive_bandage 🩹|stethoscope 🩺|pill 💊|test_tube 🧪|microscope 🔬|crystal_ball 🔮|money_with_wings 💸|dollar 💵|ship 🚢|anchor ⚓|airplane ✈️|traffic_light 🚦|vertical_traffic_light 🚦|octagonal_sign 🛑|checkered_flag 🏁|white_flag 🏳️|triangular_flag_on_post 🚩|ok 🆗|new 🆕|up 🆙|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣`;

export const emoji: ReadonlyMap<string, string> = new Map(
	table.split(/[\n|]/).filter(Boolean).map((entry) => entry.split(' ') as [string, string]));

// What the picker offers before anything is typed.
export const emoji_first = ['+1', 'eyes', 'white_check_mark', 'fire', 'tada', 'pray', 'warning', 'x', 'rocket', 'thinking_face', 'heart', 'joy'];

export function emoji_search(word: string, limit: number): string[] {
	const begins: string[] = [], holds: string[] = [];

	for (const name of emoji.keys()) {
		if (name.startsWith(word))
			begins.push(name);
		else if (name.includes(word))
			holds.push(name);
	}
	return [...begins, ...holds].slice(0, limit);
}
