"""The commands as completions for bash, zsh and fish: the same answers of each.

Devices are this machine's display controllers (class 03), as sysfs has them.
"""
import re

from cli_help import PROGRAM

FUNCTION = "_" + PROGRAM.replace("-", "_")
FILES = {"FILE", "PATH", "OUT", "IN", "IN.efi", "A", "B", "BUNDLE"}


def kind(argument):
    """What an argument is: "device", "directory", "file" or "" (anything)."""
    parts = argument.split("|")
    if set(parts) & {"ADDRESS", "BDF"}:
        return "device"
    if "DIR" in parts:
        return "directory"
    if set(parts) & FILES:
        return "file"
    return ""


def option_kind(option):
    """Of an option, also: a list of words to choose from."""
    return option.choices or kind(option.argument)


def positional(command):
    """The kinds of what may stand behind the options."""
    form = re.sub(r"\[--[^]]*\]|--[a-z-]+(\[=\S+\]| \S+)", "", " ".join(command.synopsis))
    kinds = []
    for word in form.split():
        word = word.strip("[].")
        found = kind(word) or (word.split("|") if "|" in word else "")
        if found and found not in kinds:
            kinds.append(found)
    return kinds


def brief(text):
    """The first clause, for a menu."""
    return re.split(r"[:;(]|, ", text)[0].strip()


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def default(command, commands):
    """The command whose options count there: without any command the program serves."""
    return command if command.words else next(other for other in commands if other.words == ["serve"])


# --- bash -----------------------------------------------------------------------------------------------------------
BASH = r"""# bash completion for {program}; made by ci/reference/make.

{function}_devices() {{
    local device class
    for device in /sys/bus/pci/devices/*; do
        {{ read -r class <"$device/class"; }} 2>/dev/null && [[ $class == 0x03* ]] && echo "${{device##*/}}"
    done
}}

# {function}_commands TABLE, {function}_options COMMAND, {function}_values COMMAND OPTION-OR-NOTHING
{tables}
# {function}_split LINE: into words, as the shell reads them, and taken: how much of the last one readline will leave as it
# is, since it takes what follows an unquoted = or : for a word of its own.
{function}_split() {{
    local line=$1 char quote='' word='' begun='' i
    words=() taken=''
    for ((i = 0; i < ${{#line}}; i++)); do
        char=${{line:i:1}}
        if [[ $quote ]]; then
            if [[ $char == "$quote" ]]; then
                quote=''
            else
                [[ $quote$char != '"\' || ${{line:i+1:1}} != [\"\\\$\`] ]] || char=${{line:$((++i)):1}}
                word+=$char
            fi
        elif [[ $char == [[:space:]] ]]; then
            [[ ! $begun ]] || words+=("$word")
            word='' begun='' taken=''
            continue
        elif [[ $char == [\"\'] ]]; then
            quote=$char
        elif [[ $char == \\ ]]; then
            word+=${{line:$((++i)):1}}
        else
            word+=$char
            [[ ${{COMP_WORDBREAKS-}} != *"$char"* ]] || taken=$word
        fi
        begun=yes
    done
    words+=("$word")
}}

{function}() {{
    local words taken current command='' word kind value given='' is_argument=''
    {function}_split "${{COMP_LINE:0:COMP_POINT}}"
    current=${{words[-1]}}
    for word in "${{words[@]:1:${{#words[@]}}-2}}"; do
        [[ " $({function}_commands "$command") " == *" $word "* ]] || break
        command+=${{command:+ }}$word
    done
    for word in "${{words[@]:1:${{#words[@]}}-2}}"; do
        [[ $word != -- ]] || is_argument=yes
    done
    local previous=${{words[-2]}} commands
    commands=$({function}_commands "$command")
    COMPREPLY=()
    if [[ $is_argument ]]; then
        kind=$({function}_values "$command" '') value=$current
    elif [[ $current == --*=* ]]; then
        given=${{current%%=*}}= value=${{current#*=}}
        kind=$({function}_values "$command" "${{current%%=*}}")
    elif [[ $previous == -* ]] && kind=$({function}_values "$command" "$previous=") && [[ $kind ]]; then
        value=$current
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$({function}_options "$command")" -- "$current"))
        [[ ${{#COMPREPLY[@]}} == 1 && ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
        return
    elif [[ $commands ]]; then
        COMPREPLY=($(compgen -W "$commands" -- "$current"))
        return
    else
        kind=$({function}_values "$command" '') value=$current
    fi
    for word in $kind; do
        case $word in
        @device) COMPREPLY+=($(compgen -W "$({function}_devices)" -- "$value")) ;;
        @directory) compopt -o filenames; mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -d -- "$value") ;;
        @file) compopt -o filenames; mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$value") ;;
        *) [[ $word == "$value"* ]] && COMPREPLY+=("$word") ;;
        esac
    done
    COMPREPLY=("${{COMPREPLY[@]/#/"$given"}}")
    COMPREPLY=("${{COMPREPLY[@]#"$taken"}}")
}}
complete -F {function} {program}
"""


def bash_kind(found):
    return " ".join(found) if isinstance(found, list) else f"@{found}" if found else ""


def bash_case(name, rows):
    lines = [f"{FUNCTION}_{name}() {{", "    case $* in"]
    lines += [f"    {quoted(key)}) echo {quoted(value)} ;;" for key, value in rows if value]
    return "\n".join([*lines, "    esac", "}", ""])


def bash(commands):
    tables, options, values = [], [], []
    for command in commands:
        key = " ".join(command.words)
        tables.append((key, " ".join(word for word, _ in command.commands)))
        command = default(command, commands)
        options.append((key, " ".join(option.long + ("=" if option.argument else "") for option in command.options)))
        values.append((key + " ", " ".join(filter(None, map(bash_kind, positional(command))))))
        for option in filter(lambda option: option.argument, command.options):
            found = bash_kind(option_kind(option))
            # Behind "OPTION=" the argument, behind a blank too where there must be one.
            values.append((f"{key} {option.long}", found))
            for name in filter(None, [option.long, option.short] if not option.optional else []):
                values.append((f"{key} {name}=", found))
    text = "\n".join([bash_case("commands", tables), bash_case("options", options), bash_case("values", values)])
    return BASH.format(program=PROGRAM, function=FUNCTION, tables=text)


# --- zsh ------------------------------------------------------------------------------------------------------------
ZSH = """#compdef {program}
# zsh completion for {program}; made by ci/reference/make.

{function}_devices() {{
    local device
    local -a found
    for device in /sys/bus/pci/devices/*(N); do
        [[ -r $device/class && "$(<$device/class)" == 0x03* ]] && found+=($device:t)
    done
    compadd -- $found
}}

{functions}
{function} "$@"
"""


def zsh_action(found):
    if isinstance(found, list):
        return "(" + " ".join(found) + ")"
    return {"device": f"{FUNCTION}_devices", "directory": "_path_files -/", "file": "_files", "": " "}[found]


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def zsh_option(option):
    text = zsh_text(brief(option.text))
    action = ""
    if option.argument:
        action = ("::" if option.optional else ":") + zsh_text(option.argument) + ":" + zsh_action(option_kind(option))
    long = option.long + ("=-" if option.optional else "=" if option.argument else "")
    specs = [quoted(f"*{long}[{text}]{action}")]
    if option.short and option.short != "-?":
        specs.append(quoted(f"*{option.short}{'+' if option.argument and not option.optional else ''}[{text}]{action}"))
    return specs


def zsh_function(command):
    name = "_".join([FUNCTION, *command.words]).replace("-", "_")
    lines = [f"{name}() {{"]
    if command.commands:
        lines += ["    local -a commands=("]
        rows = [word + ":" + text.replace(":", r"\:") for word, text in command.commands]
        lines += [f"        {quoted(row)}" for row in rows]
        lines += ["    )"]
        if not command.words:
            lines += [f"    [[ $words[2] != -* ]] || {{ {name}_serve; return }}"]
        lines += ["    if (( CURRENT > 2 )); then", "        local chosen=$words[2]",
                  '        words=("${(@)words[2,-1]}")', "        (( CURRENT-- ))",
                  f"        (( $+functions[{name}_${{chosen//-/_}}] )) && {name}_${{chosen//-/_}}",
                  "    else", "        _describe command commands", "    fi"]
    else:
        lines += ["    _arguments -S \\"]
        lines += [f"        {spec} \\" for option in command.options for spec in zsh_option(option)]
        kinds = positional(command)
        action = zsh_action(kinds[0]) if len(kinds) == 1 else ""
        if len(kinds) > 1:
            action = "{ " + "; ".join("compadd " + " ".join(found) if isinstance(found, list) else zsh_action(found)
                                      for found in kinds) + " }"
        lines += [f"        {quoted('*:argument:' + action)}" if kinds else "        '*: :'"]
    return "\n".join([*lines, "}", ""])


def zsh(commands):
    # What is called comes first.
    functions = "\n".join(zsh_function(command) for command in reversed(commands))
    return ZSH.format(program=PROGRAM, function=FUNCTION, functions=functions)


# --- fish -----------------------------------------------------------------------------------------------------------
FISH = """# fish completion for {program}; made by ci/reference/make.

function _{function}_devices
    for device in /sys/bus/pci/devices/*
        test -r $device/class; and string match -q '0x03*' <$device/class; and path basename $device 2>/dev/null
        or true
    end
end

# _{function}_at WORD...: the line so far names this command.
function _{function}_at
    set -l words (commandline -opc)[2..-1]
    set -l count (count $argv)
    test (count $words) -ge $count; or return 1
    test $count -eq 0; or test "$words[1..$count]" = "$argv"
end

# _{function}_table WORD...: the line names this table, and nothing of it yet.
function _{function}_table
    test (count (commandline -opc)) -eq (math (count $argv) + 1); and _{function}_at $argv
end

# _{function}_serves: no command so far, so the program serves.
function _{function}_serves
    set -l words (commandline -opc) (commandline -ct)
    string match -q -- '-*' $words[2]
end

complete -c {program} -f
"""


def fish_kind(found):
    if isinstance(found, list):
        return f"-x -a {quoted(' '.join(found))}"
    return {"device": f"-x -a '(_{FUNCTION}_devices)'", "directory": "-x -a '(__fish_complete_directories)'", "file": "-r -F",
            "": "-x"}[found]


def fish(commands):
    lines = [FISH.format(program=PROGRAM, function=FUNCTION)]
    for command in commands:
        words = " ".join(command.words)
        for name, text in command.commands:
            lines.append(f"complete -c {PROGRAM} -n '_{FUNCTION}_table {words}' -a {name} -d {quoted(text)}")
        where = f"complete -c {PROGRAM} -n '_{FUNCTION}_at {words}'" if words else f"complete -c {PROGRAM} -n _{FUNCTION}_serves"
        command = default(command, commands)
        for found in positional(command):
            lines.append(f"{where} " + ("-F" if found == "file" else fish_kind(found).replace("-x ", "")))
        for option in command.options:
            short = f" -s {option.short[1:]}" if option.short and option.short != "-?" else ""
            argument = ""
            if option.argument:
                argument = " " + fish_kind(option_kind(option))
                argument = argument.replace(" -x", "").replace(" -r", "") if option.optional else argument
            lines.append(f"{where}{short} -l {option.long[2:]}{argument} -d {quoted(brief(option.text))}")
    return "\n".join(lines) + "\n"


def write(folder, commands):
    """Under the names by which the shells find them."""
    for name, text in ((f"bash/{PROGRAM}", bash(commands)), (f"zsh/_{PROGRAM}", zsh(commands)),
                       (f"fish/{PROGRAM}.fish", fish(commands))):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
