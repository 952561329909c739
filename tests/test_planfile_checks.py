"""What of the commands that a plan names checks a task, and what only does something (FORMATS, checks)."""

import pytest

from branchline.planfile.read import parse


def checks(text: str) -> list[list[str]]:
    return [[check.run for check in task.checks] for task in parse(text, "notes/x.md").tasks]


class TestChecks:
    @pytest.mark.parametrize(
        ("title", "command"),
        [
            ("Verify the page builds with `npm run build` in web/", "npm run build"),
            ("Verify the grid passes `cargo check` command", "cargo check"),
            ("Verify `cargo test` runs successfully (even with none)", "cargo test"),
            ("Run all tests with `node --test ext/**/*.test.js` and verify all pass", "node --test ext/**/*.test.js"),
            ("Validate the rim: `cd core && pytest -q` (or a part of it) and look again", "cd core && pytest -q"),
            ("All tests of the rim pass (`cargo test --lib`)", "cargo test --lib"),
            ("Draw the rim, in: `rim.py`, verify: `make rim`", "make rim"),
            ("Draw the rim. Acceptance: `make test`", "make test"),
        ],
    )
    def test_a_title_that_says_how_it_is_checked(self, title: str, command: str) -> None:
        assert checks(f"- [ ] {title}\n- [ ] Draw it\n") == [[command], []]

    @pytest.mark.parametrize(
        "command",
        ["docker compose down -v && docker compose up --build", "./ops/scripts/deploy-web.sh production", "cargo fmt",
         "npx prettier . --write", "npm run format", "npm audit fix", "bash tools/bash/update-context.sh claude",
         "npm install three", "uv sync", "npm run dev", "npx prisma migrate dev --name init", "gh pr merge --squash",
         "docker compose up -d", "npm ci && npm run dev", "terraform apply", "git push", "pip install pytest",
         "git commit -m 'Draw; move it'", "cd web && PORT=1 npm run dev", "fly deploy", "alembic upgrade head",
         "docker compose -f a.yml up", "make fmt", "pnpm -r format", "clang-format -i src/rim.c",
         "python manage.py migrate && python manage.py runserver"],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "form",
        ["- [ ] Run `{}`\n", "- [ ] `{}`\n", "- [ ] Draw it\n  - Verify: `{}`\n", "- [ ] Draw it. Verify: `{}`\n"],
    )
    def test_what_does_something_or_never_ends_checks_nothing(self, command: str, form: str) -> None:
        assert checks(form.format(command)) == [[]]

    @pytest.mark.parametrize(
        "command",
        ["pytest tests/migrations", "npx vitest run add.test.ts", "docker compose run --rm web pytest -q",
         "python manage.py migrate --check", "cargo publish --dry-run", "npm run deploy:check", "grep -q migrate README.md",
         "npx prisma migrate diff --exit-code", "cargo fmt --check", "npm run format:check",
         "./ops/scripts/deploy.test.sh", "dotnet format --verify-no-changes", "docker compose up --exit-code-from rim",
         "alembic upgrade head --sql"],
    )  # fmt: skip
    def test_what_only_sounds_like_a_deed_is_a_check(self, command: str) -> None:
        assert checks(f"- [ ] Draw it\n  - Verify: `{command}`\n") == [[command]]

    def test_nothing_behind_the_last_check_is_one(self) -> None:
        fence = "```sh\nnpm ci\nnpm test\ngit add .\ngit push\n```\n"
        assert checks(f"### Task 1: Draw it\n\nRun:\n\n{fence}") == [["npm ci", "npm test"]]

    def test_a_check_behind_what_prepares_it_is_one(self) -> None:
        assert checks("- [ ] Draw it\n  - Verify: `npm ci && npm test`\n") == [["npm ci && npm test"]]

    def test_a_criterion_that_names_a_command_checks_where_nothing_else_does(self) -> None:
        text = "### Task 1: Draw it\n\n**Acceptance**:\n- [ ] `cargo clippy` passes\n- [ ] the rim is thin\n\n"
        assert checks(text + "### Task 2: Move it\n\nVerify: `make test`\n\n**Acceptance**:\n- [ ] `cargo clippy` passes\n") == [
            ["cargo clippy"], ["make test"],
        ]  # fmt: skip

    def test_of_steps_without_one_that_is_to_fail_each_is_a_check(self) -> None:
        plan = "# Grid\n\n> **For agentic workers:** REQUIRED SUB-SKILL: superpowers:executing-plans\n\n"
        plan += "### Task 1: Draw\n\n{}"
        plan += "### Task 2: Check it all\n\n**Step 1:** Run `cargo test` — all pass.\n\n"
        plan += "**Step 2:** Run `cargo fmt --check` — clean.\n"
        red = "- [ ] **Step 1: Run it**\n\nRun: `pytest a`\nExpected: FAIL\n\n"
        red += "- [ ] **Step 2: Run it**\n\nRun: `pytest a b`\n\nRun: `pytest a`\n\n"
        assert checks(plan.format(red)) == [["pytest a"], ["cargo test", "cargo fmt --check"]]

    @pytest.mark.parametrize(
        ("said", "command"),
        [
            ("Write the rim; verify with `make rim` (it is round) and look at it", "make rim"),
            ("Escrever a grade. Verificar com `./mvnw -pl grid test`, e depois ver", "./mvnw -pl grid test"),
            ("Das Gitter zeichnen; verifizieren mit `pnpm build` und im Browser", "pnpm build"),
            ("Ensure the rim compiles (`npm run typecheck`), shows the grid, and is thin", "npm run typecheck"),
            ("Grid tests green (`bun test`): corner, rim, edge", "bun test"),
            ("Verify that the grid is drawn: run `python grid.py check`", "python grid.py check"),
            ("Checkpoint: Run `npm test`. All rims are round.", "npm test"),
            ("Verify `npm run typecheck` + the rims", "npm run typecheck"),
            ("Last step: `cargo clippy`", "cargo clippy"),
            ("`pnpm check` が完走する。", "pnpm check"),
            ("`npm test`で網のテストを実行", "npm test"),
            ("Run `scripts/rim-test.sh` until it passes", ""),
            ("Run `scripts/rim/test.sh` until it passes", "scripts/rim/test.sh"),
        ],
    )
    def test_a_sentence_that_says_with_what_it_is_checked(self, said: str, command: str) -> None:
        assert checks(f"### Task 1: Draw it\n\n- {said}\n\n### Task 2: Move it\n") == [[command] if command else [], []]

    @pytest.mark.parametrize(
        "said",
        [
            "Create the app: run `python manage.py startapp rim` in web/",
            "Install what it needs: `jest`, `mypy`",
            "In `package.json` the script: `jest --ci`",
            "Verify `npm test` is not called by the rim",
            "Run `grep -r rim src/` and see zero results",
            "Look at `npm run lint` and its like",
            "Run `scripts/serve.sh` on the grid",
        ],
    )
    def test_a_sentence_that_only_names_a_command(self, said: str) -> None:
        assert checks(f"### Task 1: Draw it\n\n- {said}\n\n### Task 2: Move it\n") == [[], []]

    def test_a_criterion_that_begins_with_what_checks_is_a_check(self) -> None:
        text = "### Task 1: Draw it\n\nAcceptance: `go vet ./rim` shows the grid in order\n\n"
        text += "### Task 2: Move it\n\nAcceptance: `go vet ./rim` is not needed\n\n"
        text += "### Task 3: Turn it\n\n**Acceptance**:\n- [ ] `npm run check` (`tsc --noEmit`) reports the rim\n"
        assert checks(text) == [["go vet ./rim"], [], ["npm run check"]]

    @pytest.mark.parametrize(
        "said",
        [
            "`find . -name '*.orig' -delete`", "`cat seed.sql | psql rim`", "`npm run deploy:test`", "`npm run lint:fix`",
            "`npx jest -u`", "`npm run test:watch`", "`ls -la`", "`cat > .env`", "`npm run db:reset:test`",
            "Ensure the legacy script (`python old_sync.py --delete`) is gone", "Ensure the old script (`pytest old`) is removed",
            "Ensure the server (`python -m http.server`) starts", "Do not test with `npm test` here",
            "Nicht testen mit `python wipe.py` auf Prod", "Remove the lint with `npm run lint` from the hook",
            "Validate with `npx serve dist` then open it", "Verify with `grep -r old src/` that there are no hits",
            "Rollback: run `git revert HEAD`", "Cleanup: run `make clean`", "Never: run `python wipe.py`", "Never: `npm test`",
            "Instead of: `npm run lint`", "New script: `scripts/test.sh`", "`npm test` won't work without a key",
            "Verify `npm run lint` isn't run twice", "Ensure `npm run lint` script exists in package.json",
            "Verify `npm test` still hangs", "`npm test`で落ちるテストを実行しない",
        ],
    )  # fmt: skip
    def test_what_changes_something_or_is_denied_checks_nothing(self, said: str) -> None:
        assert checks(f"### Task 1: Draw it\n\n- {said}\n\n### Task 2: Move it\n") == [[], []]

    @pytest.mark.parametrize(
        "command",
        ["python blackjack.py", "cargo run --bin blackbox", "black --diff .", "bin/install-check", "./scripts/setup-test.sh",
         "grep -q rim README.md"],
    )  # fmt: skip
    def test_a_name_that_only_begins_like_a_deed_is_a_check(self, command: str) -> None:
        assert checks(f"- [ ] Draw it\n  - Verify: `{command}`\n") == [[command]]

    def test_a_search_that_is_to_succeed_is_a_check(self) -> None:
        assert checks("### Task 1: Draw it\n\n- Verify `grep -q rim a.md` exits 0\n\n### Task 2: Move it\n") == [
            ["grep -q rim a.md"], [],
        ]  # fmt: skip
