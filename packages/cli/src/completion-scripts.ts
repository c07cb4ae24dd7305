/**
 * Completion scripts for bash, zsh and fish, made from the program. Each finds the command that the words typed so far lead to,
 * then offers its commands, its options, the choices of the option before the cursor, or the words for its arguments. Pure.
 */
import type { Command, Option } from "commander";
import { namesOf, optionsOf, type Place, placesOf, takenBy, wordsFor } from "./command-tree.ts";
import type { SHELLS } from "./program.ts";

/** A shell that can be given a script. */
export type Shell = (typeof SHELLS)[number];

type Tree = { readonly places: readonly Place[]; readonly kinds: readonly string[] };

/** The script for a shell; `kinds` are the words for arguments that are kinds. */
export function completionScript(shell: Shell, program: Command, kinds: readonly string[]): string {
  const tree = { places: placesOf(program), kinds };
  switch (shell) {
    case "bash":
      return bashScript(tree);
    case "zsh":
      return zshScript(tree);
    case "fish":
      return fishScript(tree);
  }
}

/** What can stand at the next place of a command: a word and what it means. */
type Offer = { readonly word: string; readonly text: string };

/** The offers for each place after the words of a command: its commands for the first, else what its arguments take. */
function offersOf({ command }: Place, kinds: readonly string[]): readonly (readonly Offer[])[] {
  if (command.commands.length > 0)
    return [command.commands.map((each) => ({ word: each.name(), text: each.description() }))];
  return command.registeredArguments.map((argument) =>
    wordsFor(argument, kinds).map((word) => ({ word, text: argument.description })),
  );
}

const optionOffers = ({ command }: Place): readonly Offer[] =>
  optionsOf(command).flatMap((option) =>
    namesOf(option).map((word) => ({ word, text: option.description })),
  );

/** Every option that takes a value, with the patterns `PATH NAME` that stand before the value. */
function valued({
  places,
}: Tree): readonly { readonly before: string[]; readonly option: Option }[] {
  return places.flatMap(({ path, command }) =>
    optionsOf(command)
      .filter((option) => takenBy(option) !== "nothing")
      .map((option) => ({ before: namesOf(option).map((name) => `${path} ${name}`), option })),
  );
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const pattern = (texts: readonly string[]): string => texts.map(quoted).join("|");

/** The paths of all commands but the program itself. */
const pathsBelow = ({ places }: Tree): readonly string[] => places.slice(1).map(({ path }) => path);

const bashWords = (offers: readonly Offer[]): string =>
  quoted(offers.map(({ word }) => word).join(" "));

function bashScript(tree: Tree): string {
  const values = valued(tree).map(({ before, option }) => {
    switch (takenBy(option)) {
      case "words":
        return `    ${pattern(before)}) words=${quoted((option.argChoices ?? []).join(" "))} ;;`;
      case "file":
        return `    ${pattern(before)}) return ;;`;
      case "anything":
      case "nothing":
        return `    ${pattern(before)}) compopt +o default 2>/dev/null; return ;;`;
    }
  });
  const places = tree.places.flatMap((place) => [
    `        ${quoted(place.path)}" -"*) words=${bashWords(optionOffers(place))} ;;`,
    ...offersOf(place, tree.kinds).map(
      (offers, index) =>
        `        ${quoted(`${place.path} ${index}`)}) words=${bashWords(offers)} ;;`,
    ),
  ]);
  return `# bash completion of seam; use it with: source <(seam completion bash)
_seam() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local at=seam before='' count=0 word words='' key
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${pattern(pathsBelow(tree))}) at="$at $word" count=0 ;;
      *" -"*) ;;
      *)
        case "$at $before" in
          ${pattern(valued(tree).flatMap(({ before }) => before))}) ;;
          *) count=$((count + 1)) ;;
        esac ;;
    esac
    before=$word
  done
  case "$at $previous" in
${values.join("\n")}
    *)
      key="$at $count"
      [[ $current == -* ]] && key="$at $current"
      case "$key" in
${places.join("\n")}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _seam seam`;
}

const zshWords = (offers: readonly Offer[]): string =>
  `(${offers.map(({ word, text }) => quoted(`${word}:${text}`)).join(" ")})`;

function zshScript(tree: Tree): string {
  const values = valued(tree).map(({ before, option }) => {
    switch (takenBy(option)) {
      case "words":
        return `    (${pattern(before)}) offered=(${(option.argChoices ?? []).map(quoted).join(" ")}) ;;`;
      case "file":
        return `    (${pattern(before)}) _files; return ;;`;
      case "anything":
      case "nothing":
        return `    (${pattern(before)}) return ;;`;
    }
  });
  const places = tree.places.flatMap((place) => [
    `        (${quoted(place.path)}" -"*) offered=${zshWords(optionOffers(place))} ;;`,
    ...offersOf(place, tree.kinds).map(
      (offers, index) =>
        `        (${quoted(`${place.path} ${index}`)}) offered=${zshWords(offers)} ;;`,
    ),
  ]);
  return `#compdef seam
# zsh completion of seam; put it into a folder of fpath as _seam, or: source <(seam completion zsh)
_seam() {
  local at=seam before='' word key
  local -i count=0
  local -a offered
  for word in \${words[2,CURRENT-1]}; do
    case "$at $word" in
      (${pattern(pathsBelow(tree))}) at="$at $word"; count=0 ;;
      (*" -"*) ;;
      (*)
        case "$at $before" in
          (${pattern(valued(tree).flatMap(({ before }) => before))}) ;;
          (*) count=count+1 ;;
        esac ;;
    esac
    before=$word
  done
  case "$at \${words[CURRENT-1]}" in
${values.join("\n")}
    (*)
      key="$at $count"
      [[ \${words[CURRENT]} == -* ]] && key="$at \${words[CURRENT]}"
      case "$key" in
${places.join("\n")}
      esac ;;
  esac
  if (( $#offered )); then _describe seam offered; else _files; fi
}
if [[ \${funcstack[1]} == _seam ]]; then _seam "$@"; else compdef _seam seam; fi`;
}

function fishScript(tree: Tree): string {
  const lines = tree.places.flatMap((place) => {
    const when = (count: string): string =>
      `complete -c seam -n ${quoted(`__seam_at "${place.path}"${count}`)}`;
    const offers = offersOf(place, tree.kinds).flatMap((each, index) =>
      each.map(({ word, text }) => `${when(` ${index}`)} -a ${quoted(word)} -d ${quoted(text)}`),
    );
    const options = optionsOf(place.command).map(
      (option) => `${when("")} ${fishOption(option)} -d ${quoted(option.description)}`,
    );
    return [...offers, ...options];
  });
  return `# fish completion of seam; put it into ~/.config/fish/completions/seam.fish
function __seam_at
  set -l at seam
  set -l before ''
  set -l count 0
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${pathsBelow(tree).map(quoted).join(" ")}
        set at "$at $word"
        set count 0
      case '* -*'
      case '*'
        switch "$at $before"
          case ${valued(tree)
            .flatMap(({ before }) => before)
            .map(quoted)
            .join(" ")}
          case '*'
            set count (math $count + 1)
        end
    end
    set before $word
  end
  test "$at" = "$argv[1]"; and test (count $argv) -eq 1 -o "$count" = "$argv[2]"
end
complete -c seam -f
${lines.join("\n")}`;
}

function fishOption(option: Option): string {
  const { short, long } = option;
  const names = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
  ].join(" ");
  switch (takenBy(option)) {
    case "nothing":
      return names;
    case "words":
      return `${names} -x -a ${quoted((option.argChoices ?? []).join(" "))}`;
    case "file":
      return `${names} -r -F`;
    case "anything":
      return `${names} -x`;
  }
}
