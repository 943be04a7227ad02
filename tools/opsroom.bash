# Printed by opsroom --completion; not to be edited. bash: source it, or put it into bash-completion/completions/opsroom.
_opsroom() {
	local word=${COMP_WORDS[COMP_CWORD]} words= command= first= i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--url|--token|--data|--ca) ((i++)) ;;
		-*) ;;
		*) if [ -z "$first" ]; then first=${COMP_WORDS[i]}; else command="$first ${COMP_WORDS[i]}"; break; fi ;;
		esac
	done
	case ${first:-none} in
	none) words=" login logout status alerts alert ack resolve run post tail channels token audit source routes import plugin demo version help" ;;
	token) words=" create list report revoke" ;;
	audit) words=" search verify export key" ;;
	source) words=" list show test mail deliveries delivery replay" ;;
	routes) words=" test show" ;;
	import) words=" alertmanager" ;;
	plugin) words=" new check install list enable disable rollback" ;;
	esac
	if [ -n "$command" ]; then words=; fi
	case $word in -*) words=" --url --token --data --ca --json --help"
		case $command in
		"token create") words+=" --scopes --user" ;;
		"audit search") words+=" --actor --action --result --via --channel --from --rule --id --since --until --limit" ;;
		"audit verify") words+=" --key --part" ;;
		"audit export") words+=" --since --until --after" ;;
		"source list") words+=" --sources" ;;
		"source show") words+=" --sources" ;;
		"source test") words+=" --content-type --header --sources --alerting --source" ;;
		"routes test") words+=" --file --verify.receivers" ;;
		"routes show") words+=" --file" ;;
		"import alertmanager") words+=" --channel" ;;
		"plugin new") words+=" --lang --dir" ;;
		"plugin check") words+=" --run" ;;
		"plugin install") words+=" --plugins" ;;
		"plugin list") words+=" --plugins" ;;
		"plugin enable") words+=" --plugins" ;;
		"plugin disable") words+=" --plugins" ;;
		"plugin rollback") words+=" --plugins" ;;
		esac
		case $first in
		login) words+=" --user --scope" ;;
		alerts) words+=" --state --limit" ;;
		run) words+=" --channel" ;;
		post) words+=" --thread --raw" ;;
		tail) words+=" --count" ;;
		demo) words+=" --fast --channel" ;;
		esac ;;
	esac
	case ${COMP_WORDS[COMP_CWORD-1]} in
	--data) COMPREPLY=($(compgen -d -- "$word")); return ;;
	--ca) COMPREPLY=($(compgen -f -- "$word")); return ;;
	--state) words="open firing acknowledged resolved all" ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _opsroom opsroom
