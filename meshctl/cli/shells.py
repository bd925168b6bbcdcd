"""The completion scripts: each hands the words to `meshctl __complete` and shows what comes back."""

from __future__ import annotations

_BASH = r"""
# bash completion of meshctl
_meshctl() {
    local words incomplete line kept
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    incomplete=""
    if [[ "${COMP_LINE:0:COMP_POINT}" != *[[:space:]] ]]; then
        incomplete="${words[${#words[@]} - 1]}"
        unset "words[${#words[@]} - 1]"
    fi
    # bash breaks words at = and : and replaces only what is behind the last of them
    kept="${incomplete%"${incomplete##*[=:]}"}"
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :0) compopt -o default 2>/dev/null ;;
            :*) ;;
            *) line="${line%%$'\t'*}"; COMPREPLY+=("${line#"$kept"}") ;;
        esac
    done < <("${words[0]}" __complete "${words[@]:1}" "$incomplete" 2>/dev/null)
}
complete -F _meshctl meshctl
"""

_ZSH = r"""
#compdef meshctl
# zsh completion of meshctl
_meshctl() {
    local -a lines described
    local line value directive
    lines=("${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    directive="${lines[-1]}"
    for line in "${(@)lines[1,-2]}"; do
        value="${line%%$'\t'*}"
        if [[ "$line" == *$'\t'* ]]; then
            described+=("${value//:/\\:}:${line#*$'\t'}")
        else
            described+=("${value//:/\\:}")
        fi
    done
    if (( $#described )); then
        _describe -V meshctl described
    elif [[ "$directive" == ":0" ]]; then
        _files
    fi
}
if [[ "${funcstack[1]}" == "_meshctl" ]]; then
    _meshctl "$@"
else
    compdef _meshctl meshctl
fi
"""

_FISH = r"""
# fish completion of meshctl
function __meshctl_complete
    set -l words (commandline -opc)
    set -l incomplete (commandline -ct)
    set -l lines ($words[1] __complete $words[2..] "$incomplete" 2>/dev/null)
    for line in $lines[1..-2]
        echo $line
    end
    if test "$lines[-1]" = ":0"
        __fish_complete_path "$incomplete"
    end
end
complete --command meshctl --no-files --keep-order --arguments "(__meshctl_complete)"
"""

_POWERSHELL = r"""
# PowerShell completion of meshctl
Register-ArgumentCompleter -Native -CommandName meshctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    # before 7.3 an empty argument of a program is lost unless it is quoted; since then the quotes would be part of it
    $keepsEmpty = $PSVersionTable.PSVersion -ge [version]'7.3' -and $PSNativeCommandArgumentPassing -ne 'Legacy'
    $incomplete = if ($wordToComplete -ne '' -or $keepsEmpty) { $wordToComplete } else { '""' }
    & meshctl __complete @words $incomplete 2>$null | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
"""

SCRIPTS = {"bash": _BASH.lstrip(), "zsh": _ZSH.lstrip(), "fish": _FISH.lstrip(), "powershell": _POWERSHELL.lstrip()}
