/** Completion for PowerShell, 5.1 and later. */
import type { Argument } from "../../argument.ts";
import type { CommandDescription, OptionDescription, ValueDescription } from "../description.ts";

/** The script: to be run in the profile. */
export function powershellCompletion(
  commands: readonly CommandDescription[],
  globals: readonly OptionDescription[],
): string {
  const words = commands.map(({ name, summary }) => `${quote(name)} = ${quote(summary)}`);
  const all = [{ name: "", options: globals, arguments: [] }, ...commands];
  return `# PowerShell completion for desync, written by \`desync completion powershell\`.

Register-ArgumentCompleter -Native -CommandName desync -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # Each command, and what it is for.
    $commands = [ordered]@{
${indented(words, 8)}
    }

    # What a command takes, or what may stand in front of one: a kind of file, or = and the words.
    $specs = @{
${indented(all.map(spec), 8)}
    }

${FIXED}}
`;
}

type Spec = Pick<CommandDescription, "name" | "options"> & {
  readonly arguments: readonly Argument<unknown>[];
};

function spec({ name, options, arguments: args }: Spec): string {
  const described = options.flatMap(({ names, value, description }) =>
    names.map((name) => quote(`${name}|${kindText(value)}|${description}`))
  );
  const kinds = args.map((argument) => quote(kindText(argument) + (argument.repeated ? "..." : "")));
  return `${quote(name)} = @{
    Options = @(
${indented(described, 8)}
    )
    Arguments = @(${kinds.join(", ")})
}`;
}

function kindText(value: ValueDescription | undefined): string {
  if (value === undefined) return "";
  return value.kind === "words" ? `=${value.words.join(",")}` : value.kind;
}

function indented(texts: readonly string[], columns: number): string {
  return texts.join("\n").split("\n").map((line) => " ".repeat(columns) + line).join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const FIXED = String.raw`    $result = {
        param($text, $type, $tip)
        if (-not $tip) { $tip = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, $type, $tip)
    }

    # The name, kind and description of an option. -s and -S are two: PowerShell's tables would take them for one.
    $find = {
        param($options, $name)
        $options | Where-Object { $_.StartsWith("$name|", [StringComparison]::Ordinal) } | Select-Object -First 1
    }

    # The words in front of the one that is completed.
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })

    $command = ''
    $expected = ''
    $rest = $false
    $position = 0
    foreach ($word in $before) {
        if ($expected) {
            $expected = ''
        } elseif (-not $rest -and $word -eq '--') {
            $rest = $true
        } elseif (-not $rest -and $word -like '-?*') {
            $option = & $find $specs[$command].Options $word
            if ($option) { $expected = ($option -split '\|', 3)[1] }
        } elseif (-not $command) {
            if (-not $specs.ContainsKey($word)) { return }
            $command = $word
        } else {
            $position++
        }
    }
    $spec = $specs[$command]

    # What is completed, what stands before it in the same word, and its kind.
    $current = $wordToComplete
    $prefix = ''
    if ($expected) {
        $kind = $expected
    } elseif (-not $rest -and $current -like '--*=*') {
        $name, $current = $current -split '=', 2
        $option = & $find $spec.Options $name
        if (-not $option) { return }
        $kind = ($option -split '\|', 3)[1]
        if (-not $kind) { return }
        $prefix = "$name="
    } elseif (-not $rest -and $current -like '-*') {
        foreach ($option in $spec.Options) {
            if ($option.StartsWith($current, [StringComparison]::Ordinal)) {
                $name, $null, $tip = $option -split '\|', 3
                & $result $name 'ParameterName' $tip
            }
        }
        return
    } elseif (-not $command) {
        foreach ($name in $commands.Keys) {
            if ($name.StartsWith($current, [StringComparison]::Ordinal)) {
                & $result $name 'ParameterValue' $commands[$name]
            }
        }
        return
    } else {
        $kinds = @($spec.Arguments)
        $kind = 'text'
        if ($position -lt $kinds.Count) { $kind = $kinds[$position] }
        elseif ($kinds.Count -gt 0 -and $kinds[-1].EndsWith('...')) { $kind = $kinds[-1] }
        $kind = $kind -replace '\.\.\.$', ''
    }

    if ($kind.StartsWith('=')) {
        foreach ($word in $kind.Substring(1) -split ',') {
            if ($word.StartsWith($current, [StringComparison]::Ordinal)) {
                & $result "$prefix$word" 'ParameterValue' $word
            }
        }
        return
    }
    if ($kind -eq 'text' -or $current -like '*://*') { return }
    $suffixes = switch ($kind) {
        'index' { '.caibx', '.caidx' }
        'archive' { '.catar', '.caidx', '.caibx' }
    }
    foreach ($found in [System.Management.Automation.CompletionCompleters]::CompleteFilename($current)) {
        $isDirectory = $found.ResultType -eq 'ProviderContainer'
        $ending = [System.IO.Path]::GetExtension($found.ListItemText)
        if ($isDirectory -or $kind -eq 'file' -or $suffixes -contains $ending) {
            & $result "$prefix$($found.CompletionText)" $found.ResultType $found.ToolTip
        }
    }
`;
