//! Whether a process is what a container stays up for, or a short job.

use crate::stack::Process;

/// Programs that come to an end by themselves, or that a person sits in front of.
const SHORT: [&str; 152] = [
    "[",
    "[[",
    ":",
    ".",
    "source",
    "test",
    "true",
    "false",
    "echo",
    "printf",
    "cat",
    "tee",
    "cd",
    "set",
    "export",
    "unset",
    "exit",
    "return",
    "eval",
    "read",
    "wait",
    "kill",
    "trap",
    "sleep",
    "tail",
    "head",
    "ls",
    "cp",
    "mv",
    "rm",
    "ln",
    "mkdir",
    "touch",
    "chmod",
    "chown",
    "find",
    "grep",
    "sed",
    "awk",
    "sort",
    "date",
    "env",
    "printenv",
    "id",
    "whoami",
    "which",
    "tar",
    "unzip",
    "gzip",
    "apt",
    "apt-get",
    "apk",
    "yum",
    "dnf",
    "pip",
    "pip3",
    "curl",
    "wget",
    "git",
    "make",
    "cmake",
    "rsync",
    "aws",
    "gsutil",
    "psql",
    "pg_dump",
    "pg_restore",
    "pg_isready",
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mongo",
    "mongosh",
    "mongorestore",
    "mongoimport",
    "mongodump",
    "redis-cli",
    "pytest",
    "tox",
    "nox",
    "mocha",
    "jest",
    "eslint",
    "black",
    "flake8",
    "mypy",
    "ruff",
    "pylint",
    "phpunit",
    "rspec",
    "alembic",
    "flyway",
    "liquibase",
    "terraform",
    "update-ca-certificates",
    "openssl",
    "envsubst",
    "nc",
    "jq",
    "yq",
    "tr",
    "cut",
    "uniq",
    "xargs",
    "comm",
    "diff",
    "base64",
    "sha256sum",
    "md5sum",
    "seq",
    "ab",
    "wrk",
    "hey",
    "siege",
    "vegeta",
    "k6",
    "scp",
    "sftp",
    "restic",
    "borg",
    "duplicity",
    "ansible",
    "ansible-playbook",
    "helm",
    "gcloud",
    "az",
    "mc",
    "s3cmd",
    "sqlite3",
    "mongoexport",
    "pgbench",
    "ping",
    "dig",
    "nslookup",
    "host",
    "ldapsearch",
    "kafka-topics",
    "mosquitto_pub",
    "newman",
    "cypress",
    "dbmate",
    "goose",
    "sqlx",
    "mount",
    "umount",
    "sysctl",
    "modprobe",
    "adduser",
    "useradd",
    "usermod",
    "groupmod",
    "groupadd",
];

/// Shells and interpreters, which without operands read from a terminal.
const INTERACTIVE: [&str; 13] = ["sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "python", "python3", "node", "irb", "ghci", "jshell"];

/// Words that name a job.
const JOBS: [&str; 48] = [
    "migrate",
    "migrations",
    "makemigrations",
    "collectstatic",
    "loaddata",
    "dumpdata",
    "createsuperuser",
    "compilemessages",
    "test",
    "tests",
    "testing",
    "build",
    "compile",
    "install",
    "ci",
    "lint",
    "check",
    "init",
    "setup",
    "bootstrap",
    "seed",
    "upgrade",
    "import",
    "export",
    "backup",
    "restore",
    "dump",
    "version",
    "help",
    "validate",
    "generate",
    "deploy",
    "publish",
    "format",
    "fmt",
    "clean",
    "wait",
    "load",
    "create",
    "configure",
    "provision",
    "benchmark",
    "bench",
    "coverage",
    "job",
    "once",
    "enroll",
    "register",
];

/// Options that ask a program for one piece of work.
const ONCE: [&str; 9] = ["once", "run-once", "one-shot", "oneshot", "dry-run", "migrate", "init-only", "setup", "exit-on-finish"];

/// Parts of the names of scripts, not in sight, that serve.
const SERVES: [&str; 9] = ["serve", "start", "run", "work", "daemon", "web", "app", "main", "entrypoint"];

/// Whether a process runs until it is stopped, as far as its words say.
pub(crate) fn lasting(process: &Process) -> bool {
    let name = process.name();
    // `[` begins a list that could not be read
    if name.is_empty() || name.contains('$') || name.starts_with('[') || SHORT.contains(&name) || names_job(name) {
        return false;
    }
    // `catalina.sh run`, `kc.sh start`
    let told_to =
        || process.args().iter().any(|a| matches!(a.value.as_str(), "run" | "start" | "serve" | "server" | "start-foreground" | "console"));
    if name.ends_with(".sh") && !SERVES.iter().any(|w| name.contains(w)) && !told_to() {
        return false;
    }
    if is_remote_job(process) {
        return false;
    }
    let operands: Vec<&str> = process.args().iter().map(|a| a.value.as_str()).filter(|a| !a.starts_with('-')).collect();
    if INTERACTIVE.contains(&name) && process.args().iter().all(|a| matches!(a.value.as_str(), "-i" | "-l" | "-il" | "-li" | "--login")) {
        return false;
    }
    let tells = |arg: &&str| {
        matches!(*arg, "--version" | "-version" | "--help" | "-V") || matches!(arg.strip_prefix("--"), Some(word) if ONCE.contains(&word))
    };
    let told = process.args().iter().map(|a| a.value.as_str()).any(|a| tells(&a));
    !told && !operands.iter().take(3).any(|o| is_job(o))
}

/// A command for another machine, container or cluster, which comes back when that is done.
fn is_remote_job(process: &Process) -> bool {
    let stays = |words: &[&str]| process.args().iter().any(|a| words.contains(&a.value.as_str()));
    match process.name() {
        "ssh" => !process.args().iter().any(|a| a.value.starts_with('-') && !a.value.starts_with("--") && a.value.contains('N')),
        "docker" | "podman" | "nerdctl" | "docker-compose" => !stays(&["run", "up", "events", "start"]),
        "kubectl" | "oc" => !stays(&["proxy", "port-forward", "-w", "--watch"]),
        "rclone" => !stays(&["mount", "serve", "rcd"]),
        _ => false,
    }
}

/// A program such as `run_tests.sh`.
fn names_job(word: &str) -> bool {
    let file = crate::files::file_name(word).to_lowercase();
    file.split(['.', '-', '_', ':']).any(|part| JOBS.contains(&part))
}

/// An operand such as `migrate`, `db:migrate`, `migrate.js`.
fn is_job(word: &str) -> bool {
    let file = crate::files::file_name(word).to_lowercase();
    let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
    stem.split(':').any(|part| JOBS.contains(&part))
}

/// Whether the words of a process say that it serves: its name, what it is told to do, the program that it runs.
pub(crate) fn serves(process: &Process) -> bool {
    const TOLD: [&str; 7] = ["serve", "server", "runserver", "start-foreground", "worker", "daemon", "listen"];
    let says = |word: &str| crate::files::file_name(word).split(['.', '-', '_', ':']).any(|part| TOLD.contains(&part));
    says(process.name()) || process.args().iter().filter(|a| !a.value.starts_with('-')).take(3).any(|a| says(&a.value))
}
