# Printed by opsroom --completion; not to be edited. bash: source it, or put it into bash-completion/completions/opsroom.
_opsroom() {
	local IFS=$'\n' lines
	lines=($("$1" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
	case ${lines[0]} in
	:file) COMPREPLY=($(compgen -f -- "$2")) ;;
	:dir) COMPREPLY=($(compgen -d -- "$2")) ;;
	?*) COMPREPLY=($(printf '%q\n' "${lines[@]%%$'\t'*}")) ;;
	*) COMPREPLY=() ;;
	esac
	case ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac
}
complete -F _opsroom opsroom
