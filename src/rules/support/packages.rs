//! Package managers: what a command line does to the packages of an image, those of the system first.

use crate::source::Span;
use crate::syntax::shell::command::operands;
use crate::syntax::shell::{Command, Programs, Word};
use crate::word_set::WordSet;

/// Package managers of distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// apt, apt-get, aptitude.
    Apt,
    /// apk.
    Apk,
    /// yum.
    Yum,
    /// dnf, microdnf, tdnf.
    Dnf,
    /// zypper.
    Zypper,
    /// pacman.
    Pacman,
}

/// What it is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Fetch the lists of what there is.
    Update,
    /// Install packages.
    Install,
    /// Upgrade what is there.
    Upgrade,
    /// Remove packages.
    Remove,
    /// Throw caches away.
    Clean,
    /// Anything else.
    Other,
}

/// A call of a system's package manager.
pub(crate) struct System<'a> {
    /// Its family.
    pub(crate) manager: Manager,
    /// The program, without folder.
    pub(crate) program: &'static str,
    /// What it does.
    pub(crate) verb: Verb,
    /// From the program to the verb: `apt-get -y install`.
    pub(crate) head: Span,
    /// What it is done to.
    pub(crate) packages: Vec<&'a Word>,
    /// All words after the program.
    pub(crate) args: &'a [Word],
}

const APT: &[&str] = &["-o", "--option", "-t", "--target-release", "--default-release", "-c", "--config-file", "-a", "--host-architecture"];
const APK: &[&str] = &[
    "-t",
    "--virtual",
    "-X",
    "--repository",
    "-p",
    "--root",
    "--repositories-file",
    "--keys-dir",
    "--arch",
    "--cache-dir",
    "--wait",
    "--progress-fd",
    "--cache-max-age",
];
const RPM: &[&str] = &[
    "--enablerepo",
    "--disablerepo",
    "-x",
    "--exclude",
    "--installroot",
    "--releasever",
    "--setopt",
    "-c",
    "--config",
    "--repo",
    "--repoid",
    "--repofrompath",
    "-d",
    "--debuglevel",
    "-e",
    "--errorlevel",
    "--disableplugin",
    "--forcearch",
];
const ZYPPER: &[&str] = &[
    "-R",
    "--root",
    "-r",
    "--repo",
    "--from",
    "-t",
    "--type",
    "-D",
    "--reposd-dir",
    "-C",
    "--cache-dir",
    "-c",
    "--config",
    "-p",
    "--plus-repo",
    "--gpg-auto-import-keys=",
];

/// The programs, each with its options that take a value.
const MANAGERS: &[(&str, Manager, &[&str])] = &[
    ("apt-get", Manager::Apt, APT),
    ("apt", Manager::Apt, APT),
    ("aptitude", Manager::Apt, APT),
    ("apk", Manager::Apk, APK),
    ("yum", Manager::Yum, RPM),
    ("dnf", Manager::Dnf, RPM),
    ("dnf5", Manager::Dnf, RPM),
    ("microdnf", Manager::Dnf, RPM),
    ("tdnf", Manager::Dnf, RPM),
    ("zypper", Manager::Zypper, ZYPPER),
    ("pacman", Manager::Pacman, &[]),
];

/// The programs that [`system`] reads.
pub(crate) const SYSTEM: Programs = {
    let mut all = Programs::of(&[]);
    let mut rest = MANAGERS;
    while let [(name, ..), more @ ..] = rest {
        all = all.and(Programs::of(&[name]));
        rest = more;
    }
    all
};

fn manager(program: &str) -> Option<(&'static str, Manager, &'static [&'static str])> {
    MANAGERS.iter().find(|(name, ..)| *name == program).copied()
}

fn verb(manager: Manager, word: &str) -> Verb {
    use Manager::{Apk, Apt, Dnf, Pacman, Yum, Zypper};
    match (manager, word) {
        (Pacman, word) => pacman(word),
        (Apt | Apk, "update") | (Yum | Dnf, "makecache" | "check-update") | (Zypper, "refresh" | "ref") => Verb::Update,
        (Apk, "add") => Verb::Install,
        (Apt, "install" | "build-dep" | "reinstall") => Verb::Install,
        (Yum | Dnf, "install" | "in" | "groupinstall" | "localinstall" | "reinstall" | "rei" | "group" | "module") => Verb::Install,
        (Zypper, "install" | "in") => Verb::Install,
        (Apt, "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade") | (Apk, "upgrade") => Verb::Upgrade,
        (
            Yum | Dnf,
            "update" | "upgrade" | "up" | "up-min" | "upgrade-minimal" | "update-minimal" | "distro-sync" | "dsync" | "downgrade" | "dg",
        )
        | (Zypper, "update" | "up" | "dup" | "dist-upgrade" | "patch") => Verb::Upgrade,
        (Apt, "remove" | "purge" | "autoremove" | "auto-remove") | (Apk, "del") => Verb::Remove,
        (Yum | Dnf, "remove" | "erase" | "autoremove") | (Zypper, "remove" | "rm") => Verb::Remove,
        (Apt | Yum | Dnf, "clean" | "autoclean") | (Zypper, "clean" | "cc") | (Apk, "cache") => Verb::Clean,
        _ => Verb::Other,
    }
}

fn pacman(word: &str) -> Verb {
    let Some(letters) = word.strip_prefix('-').filter(|l| !l.starts_with('-')) else { return Verb::Other };
    match letters {
        l if l.starts_with('R') => Verb::Remove,
        l if l.starts_with('S') && l.contains('c') => Verb::Clean,
        l if l.starts_with('S') && l.contains('u') => Verb::Upgrade,
        l if l.starts_with('S') => Verb::Install,
        l if l.starts_with('U') => Verb::Install,
        _ => Verb::Other,
    }
}

/// Reads a call of a system's package manager.
pub(crate) fn system(command: &Command) -> Option<System<'_>> {
    if !command.may_start(SYSTEM) {
        return None;
    }
    let effective = command.effective();
    let program = effective.program()?;
    let (program, manager, with_value) = manager(&program)?;
    let args = effective.args();
    let operands = operands(args, with_value);
    let (verb, verb_word, packages) = if manager == Manager::Pacman {
        let word = args.iter().find(|w| pacman(&w.lossy()) != Verb::Other)?;
        (pacman(&word.lossy()), word, operands)
    } else {
        let word = operands.first().copied()?;
        (verb(manager, &word.lossy()), word, operands.into_iter().skip(1).collect())
    };
    let head = effective.words.first().map_or(command.span, |w| w.span).to(verb_word.span);
    Some(System { manager, program, verb, head, packages, args })
}

impl System<'_> {
    /// The packages by name, versions and architectures cut off; those held in variables are left out.
    pub(crate) fn names(&self) -> Vec<(String, Span)> {
        self.packages
            .iter()
            .filter_map(|word| {
                let text = word.literal()?;
                let name = text.split(['=', '<', '>', '~', ':', '@']).next().unwrap_or_default();
                (!name.is_empty() && !name.contains('/')).then(|| (name.to_owned(), word.span))
            })
            .collect()
    }

    /// Whether it looks packages up by name, in lists that an update fetched: files need none.
    pub(crate) fn needs_lists(&self) -> bool {
        self.packages.iter().any(|w| {
            let text = w.lossy();
            let file = text.starts_with(['/', '.', '$']) && text.contains('/') || text.ends_with(".deb") || text.ends_with(".apk");
            !file
        })
    }
}

/// Whether a command may fetch lists or install packages out of sight: scripts, other shells, tools with installers of their own.
pub(crate) fn is_opaque(command: &Command) -> bool {
    const PLAIN: &[&str] = &[
        "rm",
        "echo",
        "set",
        "export",
        "true",
        ":",
        "mkdir",
        "cd",
        "chmod",
        "chown",
        "ln",
        "mv",
        "cp",
        "useradd",
        "groupadd",
        "adduser",
        "addgroup",
        "usermod",
        "sed",
        "printf",
        "cat",
        "tee",
        "touch",
        "test",
        "[",
        "[[",
        "dpkg-reconfigure",
        "dpkg",
        "locale-gen",
        "update-locale",
        "curl",
        "wget",
        "gpg",
        "apt-key",
        "tar",
        "unzip",
        "npm",
        "yarn",
        "pip",
        "pip3",
        "gem",
        "grep",
        "awk",
        "cut",
        "find",
        "ls",
        "which",
        "sort",
        "tr",
        "head",
        "apt-mark",
        "apt-cache",
        "debconf-set-selections",
        "ldconfig",
        "sleep",
        "exit",
        "sync",
        "dpkg-query",
        "lsb_release",
        "uname",
        "a2enmod",
        "a2dismod",
        "docker-php-ext-install",
        "docker-php-ext-configure",
        "docker-php-ext-enable",
        "pecl",
        "update-ca-certificates",
        "git",
        "env",
        "unset",
        "return",
        "local",
        "gpg2",
        "install",
        "date",
        "id",
        "getent",
        "basename",
        "dirname",
    ];
    const PLAIN_WORDS: WordSet<256> = WordSet::of(PLAIN);
    let effective = command.effective();
    let Some(program) = effective.program() else { return !effective.words.is_empty() };
    if let Some(nested) = &command.nested {
        return nested.script.commands.is_empty();
    }
    !PLAIN_WORDS.contains(&program) && manager(&program).is_none()
}

/// The verb as written.
pub(crate) fn verb_word(call: &System<'_>) -> String {
    let at = call.head.end;
    call.args.iter().find(|w| w.span.end == at).map(Word::lossy).unwrap_or_default().into_owned()
}
