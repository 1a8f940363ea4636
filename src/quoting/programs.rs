//! Programs that read one of their words, or their input, as a text of its own: shells, envsubst, printf, sed and their like.

use std::rc::Rc;

use super::flow::{Flow, Origin};
use super::generated;
use super::interpret::{Call, Run, dollars, run};
use super::layers::names_in;
use super::options::{Options, shell_options};
use super::status::Status;
use super::step::{Arg, Executed, Mark, Outcome, Reader, ShellKind, Step, Substitution};
use super::variables::{Environment, Value};
use super::words::{State, local};
use crate::few::Few;
use crate::syntax::shell::{
    Dialect, Handed, HandedText, Piece, PieceKind, Quote, When, Word, effective, file_name, handed, is_wrapper, may_hand_on,
};
use crate::text::Text;

impl Run<'_> {
    /// What reads a text out of a command: its word, or its input.
    pub(super) fn inner(&mut self, executed: &Executed, during: &Environment) -> Vec<Step> {
        // of nearly all commands the name alone tells that they read no text
        let Some(name) = executed.argv.first().and_then(Arg::known).map(file_name) else { return Vec::new() };
        if !is_wrapper(name) && !may_hand_on(name) {
            let args = executed.argv.get(1..).unwrap_or_default();
            return match name {
                "envsubst" => self.envsubst(args, executed, child(during, executed)).into_iter().collect(),
                "printf" | "echo" => self.prints(name, 0, executed).into_iter().collect(),
                name => own_programs(name, args),
            };
        }
        let words = as_words(&executed.argv);
        if let Some(handed) = handed(&words, self.kind.dialect()) {
            return self.handed(&handed, &words, executed, child(during, executed)).into_iter().collect();
        }
        let seen = effective(&words);
        let Some(name) = seen.name() else { return Vec::new() };
        let from = words.len() - seen.words.len();
        let args = executed.argv.get(from + 1..).unwrap_or_default();
        match name.as_ref() {
            "envsubst" => self.envsubst(args, executed, child(during, executed)).into_iter().collect(),
            "printf" | "echo" => self.prints(&name, from, executed).into_iter().collect(),
            "env" => self.split_string(args, child(during, executed)),
            name => own_programs(name, args),
        }
    }

    fn handed(&mut self, handed: &Handed, words: &[Word], executed: &Executed, mut child: Environment) -> Option<Step> {
        let argv = &executed.argv;
        let (text, how) = match &handed.text {
            HandedText::Word(at) => (argv.get(*at)?.text.clone(), how(handed, argv)),
            HandedText::Words(range) => (joined(argv.get(range.clone())?), handed.by.clone()),
            HandedText::Input => (self.input(executed)?, format!("{} reads its input", handed.by)),
        };
        if handed.by == "eval" {
            let call = Call { how, shell: self.kind, note: None };
            let (step, state) = run(&text, call, self.state.clone(), self.machine, self.level + 1);
            if step.uncertain {
                self.state.vars.forget_all("the text that `eval` runs is not known");
                self.state.status = Status::Unknown;
            } else {
                self.state = state;
            }
            return Some(step);
        }
        let mut call = Call { how, shell: ShellKind::named(&handed.by, self.machine.sh).unwrap_or(self.machine.sh), note: None };
        if handed.when == When::Later {
            call.shell = self.kind;
            call.note = Some("runs later, when the trap is sprung".to_owned());
            let mut state = self.state.clone();
            state.vars.forget_all("it may be set until then");
            return Some(run(&text, call, state, self.machine, self.level + 1).0);
        }
        if handed.when == When::Elsewhere {
            call.note = Some("runs on the other machine".to_owned());
            child = Environment::unknown("the other machine's");
        }
        through(words, handed, &mut child);
        let mut state = State::new(child);
        let args = argv.get(handed.arguments.clone()).unwrap_or_default();
        let certain = args.iter().all(|a| !a.splits && !a.pattern) && !gives_arguments(words);
        let mut given: Vec<Flow> = args.iter().map(|a| a.text.clone()).collect();
        if matches!(handed.text, HandedText::Word(_)) && !given.is_empty() {
            state.zero = Some(given.remove(0));
        }
        state.positional = certain.then(|| Rc::from(given));
        let before = argv.get(..handed.arguments.start).unwrap_or_default();
        let options = shell_options(Options::default(), before.iter().map(|a| a.text.text()));
        (state.nounset, state.errexit) = (options.nounset, options.errexit);
        Some(run(&text, call, state, self.machine, self.level + 1).0)
    }

    /// What a command reads from its input, where that is known: a heredoc, or what stands before it in a pipeline.
    fn input(&self, executed: &Executed) -> Option<Flow> {
        if let Some(body) = executed.redirects.iter().rev().find_map(|r| r.body.clone()) {
            return Some(body);
        }
        let before = self.before_in_pipeline(executed.place)?;
        let printed = before.inner.iter().find_map(|s| match &s.reader {
            Reader::Prints { output, .. } => Some(output.clone()),
            _ => None,
        });
        let cat = before.argv.len() == 1 && before.argv.first().and_then(Arg::known) == Some("cat");
        printed.or_else(|| before.redirects.iter().rev().find_map(|r| r.body.clone()).filter(|_| cat))
    }

    fn envsubst(&self, args: &[Arg], executed: &Executed, child: Environment) -> Option<Step> {
        let asks = |a: &&Arg| matches!(a.text.text(), "-v" | "--variables" | "-V" | "--version" | "-h" | "--help");
        if args.iter().any(|a| asks(&a)) {
            return None;
        }
        let format = args.iter().find(|a| !a.text.text().starts_with('-'));
        let unknown = format.is_some_and(|f| f.known().is_none());
        let names = format.filter(|_| !unknown).map(|f| format_names(f.text.text()));
        let target = |operators: &[&str], fd: u32| {
            let found = executed.redirects.iter().rev().find(|r| operators.contains(&r.operator) && r.fd.is_none_or(|n| n == fd))?;
            found.target.as_ref().map(|t| t.text.clone())
        };
        let piped = || {
            let before = self.before_in_pipeline(executed.place)?;
            let cat = before.argv.first().and_then(Arg::known) == Some("cat");
            let from = before.redirects.iter().find(|r| r.operator == "<").and_then(|r| r.target.as_ref());
            from.or_else(|| before.argv.get(1).filter(|_| cat)).map(|a| a.text.clone())
        };
        let substitution = Substitution {
            names,
            unknown,
            input: target(&["<"], 0).or_else(piped),
            output: target(&[">", ">>", ">|"], 1),
            environment: child,
        };
        let text = format.map(|f| f.text.clone()).unwrap_or_default();
        Some(Step { uncertain: unknown, ..Step::new(Reader::Envsubst(Box::new(substitution)), text) })
    }

    /// `printf` and `echo`, the word `from`, where what they print is not just their words.
    fn prints(&self, name: &str, from: usize, executed: &Executed) -> Option<Step> {
        let words = executed.argv.get(from..)?;
        let decodes = name == "printf" || words.iter().any(|w| w.text.text().contains('\\')) || executed.place.pipe_len > 1;
        if !decodes || executed.argv.iter().any(|a| a.known().is_none()) {
            return None;
        }
        let words = as_words(words);
        let args = words.get(1..)?;
        let first = args.iter().find(|w| !w.lossy().starts_with('-'))?;
        // whether `sh` decodes escapes by itself depends on the shell behind it
        let dialect = if self.kind == ShellKind::Dash { Dialect::Posix } else { Dialect::Bash };
        let ambiguous = name == "echo" && self.kind == ShellKind::Sh && args.iter().any(|w| w.lossy().contains('\\'));
        if ambiguous || first.lossy().contains("%v") {
            return None;
        }
        let text =
            if name == "printf" { generated::printf(args, &mut Vec::new())? } else { generated::echo(args, dialect, &mut Vec::new())? };
        let span = self.text.span_of(executed.range.clone());
        let secret = executed.argv.iter().any(|a| a.text.parts().any(|(_, p)| p.secret));
        let mut output = Flow::default();
        output.push(&text.value, span, Origin::Decoded);
        let output = if secret { output.into_secret() } else { output };
        let at = executed.argv.iter().position(|a| a.text.text() == first.lossy())?;
        let format = executed.argv.get(at)?.text.clone();
        let reader = Reader::Prints { program: name.to_owned(), output };
        Some(Step::new(reader, format))
    }

    /// `env -S 'program words'`, which splits its word itself.
    fn split_string(&mut self, args: &[Arg], child: Environment) -> Vec<Step> {
        let attached = |a: &Arg| a.text.text().strip_prefix("--split-string=").or_else(|| a.text.text().strip_prefix("-S")).map(str::len);
        let Some((at, len)) = args.iter().enumerate().find_map(|(n, a)| Some((n, attached(a)?))) else { return Vec::new() };
        let next = args.get(at + 1).map(|a| a.text.clone());
        let text = match args.get(at).map(|a| a.text.slice(a.text.len() - len..a.text.len())).filter(|t| !t.is_empty()).or(next) {
            // its own escapes and variables are another language than the shell's
            Some(text) if text.is_known() && !text.text().contains(['\\', '$', '#']) => text,
            _ => return Vec::new(),
        };
        let call = Call { how: "env -S".to_owned(), shell: ShellKind::Dash, note: Some("split into words without a shell".to_owned()) };
        vec![run(&text, call, State::new(child), self.machine, self.level + 1).0]
    }
}

fn how(handed: &Handed, argv: &[Arg]) -> String {
    let path = argv.iter().map(|a| a.text.text()).find(|t| t.rsplit('/').next() == Some(handed.by.as_str()));
    match handed.by.as_str() {
        "trap" => "trap".to_owned(),
        by => format!("{} -c", path.unwrap_or(by)),
    }
}

fn joined(args: &[Arg]) -> Flow {
    let mut text = Flow::default();
    for (n, arg) in args.iter().enumerate() {
        if n > 0 {
            let span = text.span_of(text.len()..text.len());
            text.push(" ", span, Origin::Decoded);
        }
        text.append(&arg.text);
    }
    text
}

/// What the wrappers before a shell do to its environment.
fn through(words: &[Word], handed: &Handed, child: &mut Environment) {
    let seen = effective(words);
    let before = words.get(..words.len() - seen.words.len()).unwrap_or_default();
    let clears = before.iter().any(|w| matches!(w.lossy().as_ref(), "-i" | "-" | "--ignore-environment"));
    if seen.through().iter().any(|w| w == "env") && clears {
        *child = Environment::new(Rc::new(|_| None));
    }
    if seen.through().iter().any(|w| matches!(w.as_ref(), "sudo" | "doas")) {
        child.forget_all("sudo resets the environment");
    }
    for word in seen.environment() {
        let value = word.lossy();
        if let Some((name, value)) = value.split_once('=') {
            let known = word.literal().is_some();
            let value =
                if known { Value::Known(Flow::value(value, word.span, false)) } else { Value::Unknown("not known here".to_owned()) };
            child.insert(name, value, None);
        }
    }
    if matches!(handed.by.as_str(), "su" | "runuser") {
        let login = words.iter().any(|w| matches!(w.lossy().as_ref(), "-" | "-l" | "--login"));
        if login {
            *child = Environment::unknown("the user's login sets it");
        }
        ["HOME", "USER", "LOGNAME", "SHELL", "PATH"].iter().for_each(|name| child.forget(name, "the user's own"));
    }
    if seen.through().iter().any(|w| matches!(w.as_ref(), "gosu" | "su-exec" | "setpriv" | "chpst")) {
        child.forget("HOME", "the user's own");
    }
}

/// `xargs` and `find` add arguments of their own.
fn gives_arguments(words: &[Word]) -> bool {
    let seen = effective(words);
    seen.through().iter().any(|w| w == "xargs") || seen.name().as_deref() == Some("find")
}

/// The names that envsubst finds in a SHELL-FORMAT.
fn format_names(format: &str) -> Vec<String> {
    let text = Text::verbatim(format, local(0..format.len()));
    let mut names: Vec<String> = Vec::new();
    for name in names_in(&text) {
        if !names.contains(&name.value) {
            names.push(name.value);
        }
    }
    names
}

/// Programs in whose texts `$` means something of their own.
fn own_programs(name: &str, args: &[Arg]) -> Vec<Step> {
    let (flags, values): (&[&str], &[&str]) = match name {
        "sed" | "gsed" => (&["-e", "--expression"], &["-f", "-l"]),
        "awk" | "gawk" | "mawk" | "nawk" => (&[], &["-F", "-v", "-f"]),
        "perl" => (&["-e", "-E", "-ne", "-pe", "-lne", "-lpe", "-i.bak"], &[]),
        "php" => (&["-r"], &[]),
        "jq" | "yq" => (&[], &["--arg", "--argjson"]),
        _ => return Vec::new(),
    };
    let program = program_word(name, args, flags, values);
    let Some(text) = program.map(|a| a.text.clone()).filter(|t| t.text().contains('$')) else { return Vec::new() };
    let mut marks = Vec::new();
    let known = |at: &usize| text.slice(*at..at + 1).is_known();
    for at in text.text().match_indices('$').map(|(at, _)| at).filter(known) {
        let len = dollars(text.text()).find(|(start, _)| *start == at).map_or(1, |(_, len)| len);
        let written = text.text().get(at..at + len).unwrap_or_default().to_owned();
        let why = match name {
            "sed" | "gsed" if len == 1 => "the end of the line".to_owned(),
            "awk" | "gawk" | "mawk" | "nawk" => "awk's field".to_owned(),
            _ => format!("{name}'s own"),
        };
        marks.push(Mark { range: at..at + len, name: written, outcome: Outcome::Stays(why) });
    }
    vec![Step { marks, uncertain: !text.is_known(), ..Step::new(Reader::Own(name.to_owned()), text) }]
}

fn program_word<'a>(name: &str, args: &'a [Arg], flags: &[&str], values: &[&str]) -> Option<&'a Arg> {
    if let Some(at) = args.iter().position(|a| flags.contains(&a.text.text())) {
        return args.get(at + 1);
    }
    if matches!(name, "perl" | "php") {
        return None;
    }
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let text = arg.text.text();
        if !text.starts_with('-') || text.len() == 1 {
            return Some(arg);
        }
        at += 1 + usize::from(values.contains(&text));
    }
    None
}

/// Words of a command as the shell model has them, each at its number.
pub(super) fn as_words(argv: &[Arg]) -> Vec<Word> {
    let word = |(n, arg): (usize, &Arg)| {
        let kind = match arg.known() {
            Some(text) => PieceKind::Literal(text.to_owned()),
            None => PieceKind::Other(arg.text.text().to_owned()),
        };
        let span = local(n..n + 1);
        Word { span, pieces: Few::one(Piece { span, kind, quote: Quote::Single }) }
    };
    argv.iter().enumerate().map(word).collect()
}

/// The variables that a command sees; `during` are the shell's while it expands the command.
fn child(during: &Environment, executed: &Executed) -> Environment {
    let mut child = during.inherited();
    for (name, _) in &executed.assigns {
        let (value, set_by) = during.look_up(name);
        child.insert(name, value, set_by);
    }
    child
}
