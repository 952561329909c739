"""What the reader knows by its name, in no language: programs, files, things that look like ids."""

from typing import Final

from branchline.planfile.words.base import words

BARE_FILES: Final = words(
    "Makefile Dockerfile Gemfile Rakefile Procfile Justfile justfile Vagrantfile Jenkinsfile LICENSE CODEOWNERS"
)
"""Files without an extension that are known by their names."""
NOT_IDS: Final = words(
    "a11 amd64 arm64 b2 base64 c4 col1 crc32 css3 d3 ec2 ed25519 es2015 es5 es6 f16 f32 f64 gpt-3 gpt-4 "
    "gpt-5 gpt3 gpt4 h1 h2 h3 h4 h5 h6 html5 http1 http2 http3 i18 int16 int32 int64 int8 ipv4 ipv6 k3 k8 "
    "l10 level1 log4 md5 mp3 mp4 neo4 next13 next14 next15 oauth oauth1 oauth2 p0 p1 p2 p3 p4 pm2 py2 py3 q1 "
    "q2 q3 q4 r2 rc1 rc2 react18 rs232 s3 sha-1 sha-256 sha1 sha256 sha512 tailwind4 tls-1 tls1 uint8 utf-16 "
    "utf-8 utf8 v1 v2 v3 v4 vue2 vue3 web2 web3 win32 x64 x86"
)
"""Leading words that look like ids and are names of things."""
NO_TASK_CODES: Final = words("ac adr cve d dec decision fig fr inv iso nfr q req rfc risk rule sc tc uc")
"""Prefixes of codes that number requirements, risks and the like."""
PHASE_CODES: Final = words("m ms s p e w wp f ph")
"""Letters that number phases where several headings of a level have them: `M0 - Foundation`, `M1 - Protocol`."""
RANKS: Final = words(
    "aktif alta alto baja bajo blocker blockers blocking critical crítico crítica crucial essential faible haute high highest "
    "hoch immediate important importante kritisch later long low lowest medium media medio medium-term mid mittel moyenne must "
    "must-have nice nice-to-have niedrig nightly normal now optional priority should short short-term soon term time urgent "
    "backlog have to do first next высокий высокая критично критичный низкий средний важно"
)
"""Words of a rank: `P0 — Critical` says how much it matters, and `P0 — Frame` what is done."""
PROGRAMS: Final = words(
    "./gradlew ./mvnw [ act actionlint ansible ansible-playbook artisan asdf astro awk bandit bash bats bazel biome "
    "black buck buf bun bundle bunx cabal cargo cat clippy cmake cmp codespell composer coverage ctest curl cypress "
    "dart deno detekt diff direnv docker docker-compose dotnet egrep elixir env eslint false find flake8 flutter "
    "gem gh ghc git go gofmt golangci-lint gradle grep hadolint hatch head helm isort java javac jest jq just knip "
    "kotlinc ktlint kubectl lein lerna linkchecker ls lychee make markdownlint markdownlint-cli2 meson mise mix "
    "mocha msbuild mvn mypy mysql nest next ng ninja nix node nox npm npx nx openspec oxlint pdm php phpcs phpstan "
    "phpunit pip pipenv pixi playwright pnpm podman poetry pre-commit prettier protoc psalm psql pylint pyright "
    "pytest python python3 rails rake redis-cli rg rspec rtk rubocop ruby ruff rustc rye safety sbt sed semgrep sh "
    "shellcheck shfmt spectral sqlite3 stack stylelint svelte-check swift swiftlint tail task terraform test time "
    "timeout tofu tox trivy true ts-node tsc tsx turbo uv uvx vite vitest vue-tsc wc wget xargs xcodebuild xmake "
    "yamllint yarn zig zsh"
)
"""First words of commands that people run as checks."""
GSD_TAGS: Final[dict[str, str]] = {
    "tasks": "TASK",
    **dict.fromkeys(words("success_criteria verification must_haves acceptance_criteria"), "CRITERIA"),
    **dict.fromkeys(
        words(
            "objective context execution_context threat_model interfaces output background example examples artifacts "
            "read_first"
        ),
        "NONTASK",
    ),
}
