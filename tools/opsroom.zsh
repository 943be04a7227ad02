#compdef opsroom
# Printed by opsroom --completion zsh; not to be edited. zsh: put it as _opsroom into a folder of fpath, or source it after compinit.
_opsroom() {
	local -a lines proposed equals
	local line
	lines=(${(f)"$("${words[1]}" --complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)"})
	case ${lines[1]} in
	:file) _files; return ;;
	:dir) _files -/; return ;;
	esac
	for line in $lines; do
		if [[ ${line%%$'\t'*} == *= ]]; then equals+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
		else proposed+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}"); fi
	done
	(( $#proposed )) && _describe opsroom proposed
	(( $#equals )) && _describe opsroom equals -S ''
}
if [[ $funcstack[1] == _opsroom ]]; then _opsroom; else compdef _opsroom opsroom; fi
