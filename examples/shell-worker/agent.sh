#!/bin/sh
# A worker for Branchline: the prompt comes on stdin, the current directory is a git worktree of its own.
set -eu
cat > /dev/null # an agent would read it; this one knows its tasks

say() { printf '%s\n' "$1" > "$BRANCHLINE_EXIT_FILE"; }

case "$BRANCHLINE_TASK_ID" in
1.1) echo Hello > en.txt ;;
1.2)
  # Once answered, the question and its answer stand in the prompt.
  if ! grep -q "formal or not" "$BRANCHLINE_PROMPT_FILE"; then
    say '{"status": "blocked", "kind": "question", "text": "formal or not?", "options": ["Guten Tag", "Hallo"]}'
    exit 0
  fi
  echo Hallo > de.txt
  ;;
1.3) printf '%s' "$(echo *.txt)" > index.txt ;;
esac
git add --all
git commit --quiet --message "work on $BRANCHLINE_TASK_ID"
say '{"status": "done", "summary": "the page is there"}'
