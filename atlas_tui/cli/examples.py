"""What stands at the end of each command's `--help`."""

ATLAS = """\
examples:
  atlas-tui                                   open the chat screen
  atlas-tui ask "Why is the sky blue?"        an answer on stdout, its figures on stderr
  atlas-tui -p anthropic ask "Hello"          from a provider; -p openai:gpt-6.1-sol also names the model
  git diff | atlas-tui ask "Review this"      standard input follows the prompt
  atlas-tui compare -p openai -p ollama "Hi"  the same question to several, side by side
  atlas-tui models -p ollama                  what a provider offers, with prices
  atlas-tui history search "blue sky"         what was asked and answered before
  atlas-tui index docs                        take documents into the knowledge base
  atlas-tui search "how to install"           passages of them, with file and line
  atlas-tui serve                             answers over HTTP, with a page
  atlas-tui doctor                            checks settings, keys, hosts, files and terminal

Nothing is needed to try it: the default provider `mock` has no key, no server and no model.
"""
ASK = """\
examples:
  atlas-tui ask "Why is the sky blue?"
  cat notes.md | atlas-tui ask "Summarise this" > summary.md
  atlas-tui ask -p anthropic --fallback openai --timeout 60 --max-cost 0.05 "Plan a week in Rome"
  atlas-tui ask -c "And in Venice?"
  atlas-tui ask --context "How do I install it?"
  atlas-tui ask --json "Name a colour" | jq -r .content
  atlas-tui ask --events "Name a colour" | jq -c 'select(.type == "usage")'

Standard input that is no terminal is read to its end and follows PROMPT: in a `while read` loop, `< /dev/null`
leaves the loop its lines.

stdout carries the answer and nothing else. stderr carries one line if something went wrong and, on a terminal,
the state while it streams and the figures at the end: in a pipe only with -v, with -q never.

exit status: 0 done; 1 the provider failed or the answer is incomplete (what had arrived stays on stdout);
2 usage or configuration; 130 interrupted by Ctrl+C; 143 ended by SIGTERM; 141 the reader of the pipe has gone.
"""
COMPARE = """\
examples:
  atlas-tui compare -p openai -p anthropic "Why is the sky blue?" --markdown
  atlas-tui compare -p ollama:llama3 -p ollama:qwen3 --prompts questions.txt --repeat 5 --csv > figures.csv
  atlas-tui compare -p openai -p mistral --prompts set.jsonl --out run.jsonl --max-cost 2 --html > report.html
  atlas-tui compare -p openai -p mistral --prompts set.jsonl --resume run.jsonl --json | jq .summary
  atlas-tui compare -p openai -p anthropic "Hello" --record race.jsonl --json > race.json
  atlas-tui compare --replay race.jsonl --speed 4
  atlas-tui compare --leaderboard

FILE of --prompts: one prompt a line, or JSON lines: {"prompt": "...", "reference": "..."}; an answer that holds the
reference counts as a match. On a terminal stderr shows the progress.

exit status: 0 done; 1 a target failed (what had arrived is in the output); 2 usage or configuration; 130 interrupted
by Ctrl+C (the output has what was there); 143 ended by SIGTERM; 141 the reader of the pipe has gone.
"""
HISTORY = """\
examples:
  atlas-tui history                           the last conversations, with their ids
  atlas-tui history search "blue sky"         all prompts and answers with these words
  atlas-tui history show last
  atlas-tui history export 7kq2 -o sky.html   the beginning of an id is enough
"""
INDEX = """\
examples:
  atlas-tui index ~/notes manual.pdf          take files and folders in
  atlas-tui index                             bring all that was ever taken in up to date
  atlas-tui index --watch docs                and keep up with what changes
  atlas-tui index --list                      what there is
  atlas-tui index --remove ~/notes            take it out again
  atlas-tui index --no-vectors ~/mail         words alone, which takes seconds; later without it: vectors too

Left out: what .gitignore names, hidden files, caches, pictures and other binaries, keys by their name, symbolic
links, files above --max-size. A path that is given itself is taken whatever its name.

Words find what is indexed at once. Vectors, by which meaning finds it, are made after that where an embedder is at
hand. Ctrl+C ends either; what is done stays, and the same command does the rest.

exit status: 0 done; 2 usage or configuration; 130 interrupted by Ctrl+C; 143 ended by SIGTERM.
"""
SEARCH = """\
examples:
  atlas-tui search "how do I install it?"
  atlas-tui search install --in docs --in '*.md' -k 10
  atlas-tui search --json install | jq -r '.documents[].metadata.source'

exit status: 0 done, also where nothing is found; 2 usage or configuration; 130 interrupted by Ctrl+C.
"""
SERVE = """\
examples:
  atlas-tui serve -p anthropic --max-cost 0.05
  curl -N -H 'Content-Type: application/json' -d '{"query": "Why is the sky blue?"}' http://127.0.0.1:8000/stream
"""
