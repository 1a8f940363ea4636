//! Walks a shell script as the shell does: expands its words with what its variables hold at each command. Where ways meet on
//! which a variable holds different things, it holds nothing that is known.

use std::rc::Rc;

use super::flow::Flow;
use super::groups::{BRANCH, Frame};
use super::status::{Status, Stopped, ends_shell, status_of};
use super::step::{Arg, Executed, Mark, Outcome, Reader, Redirected, Runs, ShellKind, Step, Turns};
use super::variables::{Environment, Setter, Value};
use super::whole::Whole;
use super::words::{Expander, MAX_TEXT, State, local};
use crate::syntax::shell::{self, Assign, Command, Join, Piece, PieceKind, Place, Quote, Redirect, Script, Word};

/// Texts nest at most this deep; what lies deeper is not read.
const MAX_LEVEL: usize = 8;
/// Scripts are followed up to this many commands.
const MAX_COMMANDS: usize = 4_000;

/// The machine that a script runs on.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// What `sh` is.
    pub sh: ShellKind,
}

/// What a shell called `how` makes of a text.
pub fn trace_script(text: &Flow, how: &str, shell: ShellKind, environment: Environment, machine: Machine) -> Step {
    run(text, Call { how: how.to_owned(), shell, note: None }, State::new(environment), machine, 0).0
}

/// What a shell makes of a script file that is given these arguments; `None` where they are not known.
pub fn trace_file(text: &Flow, how: &str, shell: ShellKind, environment: Environment, machine: Machine, args: Option<Vec<Flow>>) -> Step {
    let state = State { positional: args.map(Rc::from), ..State::new(environment) };
    run(text, Call { how: how.to_owned(), shell, note: None }, state, machine, 0).0
}

/// The same for a file that was read before: `script` is what stands in `text`, in the dialect of the shell. Its spans count from
/// the start of the text.
pub fn trace_read(
    text: &Flow,
    script: &Script,
    call: (&str, ShellKind),
    environment: Environment,
    machine: Machine,
    args: Vec<Flow>,
) -> Step {
    let state = State { positional: Some(Rc::from(args)), ..State::new(environment) };
    let step = unread(text, Call { how: call.0.to_owned(), shell: call.1, note: None });
    if is_too_much(text, 0) { Step { uncertain: true, ..step } } else { follow(text, script, step, state, machine, 0).0 }
}

/// What words that are executed without a shell lead to.
pub fn trace_argv(argv: &[Flow], environment: Environment, machine: Machine) -> Executed {
    let mut at = 0;
    let arg = |text: &Flow| {
        at += text.len() + 1;
        Arg { text: text.clone(), range: at - text.len() - 1..at - 1, ..Arg::default() }
    };
    let argv: Vec<Arg> = argv.iter().map(arg).collect();
    let script = shell::from_argv(&[crate::text::Text::verbatim("x", local(0..1))], shell::Dialect::Posix);
    let place = script.commands.first().map(|c| c.place);
    let none = Flow::default();
    let mut run = Run::new(&none, &script, ShellKind::Sh, State::new(environment.clone()), machine, 0);
    let mut executed = Executed {
        range: 0..at.saturating_sub(1),
        assigns: Vec::new(),
        argv,
        redirects: Vec::new(),
        place: place.unwrap_or(NOWHERE),
        runs: Runs::Always,
        inner: Vec::new(),
    };
    executed.inner = run.inner(&executed, &environment);
    executed
}

const NOWHERE: Place = Place {
    join: Join::First,
    pipe_index: 0,
    pipe_len: 1,
    depth: 0,
    subshell: false,
    substitution: false,
    function: false,
    conditional: false,
    condition: false,
    negated: false,
    background: false,
    last: true,
    tail: true,
    group: None,
};

/// How a shell is called.
pub(super) struct Call {
    pub(super) how: String,
    pub(super) shell: ShellKind,
    pub(super) note: Option<String>,
}

/// Runs a text; gives the state that it leaves, for `eval`.
pub(super) fn run(text: &Flow, call: Call, state: State, machine: Machine, level: usize) -> (Step, State) {
    let dialect = call.shell.dialect();
    let step = unread(text, call);
    if is_too_much(text, level) {
        return (Step { uncertain: true, ..step }, state);
    }
    let script = shell::parse(&text.blotted(), local(0..text.len()), dialect);
    follow(text, &script, step, state, machine, level)
}

/// Whether a text is not followed.
fn is_too_much(text: &Flow, level: usize) -> bool {
    level > MAX_LEVEL || text.len() > MAX_TEXT
}

/// The step of a text of which no command was read yet.
fn unread(text: &Flow, call: Call) -> Step {
    let reader = Reader::Shell { how: call.how, shell: call.shell, note: call.note };
    Step { uncertain: !text.is_readable(), ..Step::new(reader, text.clone()) }
}

fn follow(text: &Flow, script: &Script, step: Step, state: State, machine: Machine, level: usize) -> (Step, State) {
    let kind = if let Reader::Shell { shell, .. } = &step.reader { *shell } else { machine.sh };
    let mut run = Run::new(text, script, kind, state, machine, level);
    run.all();
    run.done(step)
}

/// Puts the line break at the end that a shell adds.
fn ended(text: &mut Flow) {
    let end = text.span_of(text.len()..text.len());
    text.push("\n", end, super::flow::Origin::Decoded);
}

pub(super) struct Run<'a> {
    pub(super) text: &'a Flow,
    pub(super) script: &'a Script,
    pub(super) kind: ShellKind,
    pub(super) machine: Machine,
    pub(super) level: usize,
    pub(super) state: State,
    pub(super) marks: Vec<Mark>,
    pub(super) commands: Vec<Executed>,
    pub(super) subjects: Vec<(usize, String)>,
    pub(super) frames: Vec<Frame>,
    /// The state before the command whose substitutions come next.
    pub(super) outer: Option<(std::ops::Range<usize>, State)>,
    pub(super) whole: Rc<Whole<'a>>,
    pub(super) allexport: bool,
    /// The words of the command that was read last end the shell.
    pub(super) failed: bool,
    /// A heredoc of that command cannot be expanded.
    pub(super) heredoc_fails: bool,
    /// The group that is run by itself.
    pub(super) root: Option<usize>,
    /// How many loops around it are followed turn by turn.
    pub(super) loops: usize,
    /// How many substitutions it stands in.
    pub(super) substitutions: usize,
    pub(super) turns: Vec<Turns>,
}

impl<'a> Run<'a> {
    pub(super) fn new(text: &'a Flow, script: &'a Script, kind: ShellKind, state: State, machine: Machine, level: usize) -> Self {
        Run::of(Rc::new(Whole::new(script)), text, script, kind, state, machine, level)
    }

    pub(super) fn of(
        whole: Rc<Whole<'a>>,
        text: &'a Flow,
        script: &'a Script,
        kind: ShellKind,
        state: State,
        machine: Machine,
        level: usize,
    ) -> Self {
        let root = Frame::new(None, &state);
        Run {
            text,
            script,
            kind,
            machine,
            level,
            state,
            marks: Vec::new(),
            commands: Vec::new(),
            subjects: Vec::new(),
            frames: vec![root],
            outer: None,
            whole,
            allexport: false,
            failed: false,
            heredoc_fails: false,
            root: None,
            loops: 0,
            substitutions: 0,
            turns: Vec::new(),
        }
    }

    /// The same shell, for a group that is run by itself.
    pub(super) fn nested(&self, group: usize, state: State) -> Run<'a> {
        Run {
            root: Some(group),
            loops: self.loops,
            substitutions: self.substitutions,
            allexport: self.allexport,
            ..Run::of(Rc::clone(&self.whole), self.text, self.script, self.kind, state, self.machine, self.level)
        }
    }

    /// What was made of a text, and the state that it leaves.
    pub(super) fn done(self, step: Step) -> (Step, State) {
        let Run { text, script, kind, whole, mut marks, commands, subjects, state, turns, .. } = self;
        marks.sort_by_key(|m| (m.range.start, m.range.end));
        marks.dedup();
        let uncertain =
            step.uncertain || !script.errors.is_empty() || script.commands.len() > MAX_COMMANDS || whole.is_misread(text.text(), kind);
        let status =
            if uncertain || matches!(state.stopped, Stopped::Perhaps | Stopped::OnFailure) { Status::Unknown } else { state.status };
        (Step { marks, commands, subjects, uncertain, status, turns, ..step }, state)
    }

    /// Runs the commands of a group.
    pub(super) fn within(&mut self, group: usize) {
        self.root = Some(group);
        self.all();
    }

    fn all(&mut self) {
        let script = self.script;
        let root = self.root;
        let own = |c: &&Command| root.is_none_or(|root| script.is_within(c.place.group, root));
        // they are in the order of their starts
        let start = root.and_then(|root| script.groups.get(root)).map_or(0, |g| g.span.start);
        let first = script.commands.partition_point(|c| c.span.start < start);
        for command in script.commands.iter().take(MAX_COMMANDS).skip(first).filter(own) {
            self.enter(command.place.group);
            let runs = self.join(command.place).max(self.state.stopped.into());
            let before = (self.state.status, self.state.stopped);
            let kept = (runs == Runs::Never || command.place.pipe_len > 1 || command.place.background).then(|| self.state.clone());
            self.command(command, runs);
            let status = self.ended(command, runs, before);
            if let Some(kept) = kept {
                self.state = kept;
            }
            self.state.status = status;
            self.errexit(command.place, runs);
            let state = command.place.condition.then(|| self.state.clone());
            if let (Some(frame), Some(state)) = (self.frames.last_mut(), state) {
                frame.before.vars.meet(&state.vars, BRANCH);
            }
        }
        self.enter(None);
    }

    /// How the command ends that was read last, and whether its shell does.
    fn ended(&mut self, command: &Command, runs: Runs, (status, stopped): (Status, Stopped)) -> Status {
        let (shell, after) = (self.kind, self.state.substituted);
        let Some(executed) = self.commands.last_mut() else { return Status::Unknown };
        if std::mem::take(&mut self.heredoc_fails) && runs == Runs::Always {
            executed.runs = Runs::Never;
            let starts = matches!(executed.argv.first().and_then(Arg::known), Some("sh" | "bash" | "dash" | "cat"));
            if !starts {
                self.state.stopped = self.state.stopped.max(Stopped::Perhaps);
            }
            return Status::Failure;
        }
        if self.failed {
            // an error in its own words
            if self.state.stopped == Stopped::Yes && runs == Runs::Always {
                executed.runs = Runs::Never;
                return if shell == ShellKind::Dash { Status::Code(2) } else { Status::Failure };
            }
            self.state.stopped = Stopped::Perhaps;
        } else if self.state.stopped > stopped && self.state.stopped == Stopped::Yes && runs != Runs::Always {
            self.state.stopped = Stopped::Perhaps;
        }
        match runs {
            // `a || b || c`: what does not run changes no status
            Runs::Never => status,
            Runs::Always => {
                let own = command.name().is_some_and(|name| self.whole.is_function(&name));
                let status = if own { Status::Unknown } else { status_of(command, executed, (status, after), shell) };
                if ends_shell(executed) && command.place.pipe_len == 1 && !command.place.background {
                    self.state.stopped = Stopped::Yes;
                }
                status
            }
            // `a || true`
            _ if command.place.join == Join::Or && status_of(command, executed, (status, after), shell) == Status::Code(0) => {
                Status::Code(0)
            }
            _ => Status::Unknown,
        }
    }

    pub(super) fn expander(&mut self) -> Expander<'_> {
        Expander {
            text: self.text,
            script: self.script,
            kind: self.kind,
            machine: self.machine,
            level: self.level,
            substitutions: self.substitutions,
            whole: &self.whole,
            state: &mut self.state,
            marks: &mut self.marks,
        }
    }

    fn command(&mut self, command: &Command, runs: Runs) {
        let expands = |w: &Word| w.pieces.iter().any(|p| !matches!(p.kind, PieceKind::Literal(_)));
        let words = command.words.iter().chain(command.assigns.iter().filter_map(|a| a.value.as_ref()));
        if words.chain(command.redirects.iter().filter_map(|r| r.target.as_ref())).any(expands) {
            self.outer = Some((command.span.range(), self.state.clone()));
        }
        command.words.iter().for_each(|w| self.stays(&w.pieces));
        command.assigns.iter().filter_map(|a| a.value.as_ref()).for_each(|w| self.stays(&w.pieces));
        let name = command.name().unwrap_or_default();
        let declares = matches!(name.as_ref(), "export" | "readonly" | "local" | "declare" | "typeset");
        let stopped = self.state.stopped;
        self.state.substituted = Status::Code(0);
        let mut argv = Vec::with_capacity(command.words.len());
        for word in &command.words {
            let assignment = declares && word.pieces.first().is_some_and(|p| matches!(&p.kind, PieceKind::Literal(t) if t.contains('=')));
            if assignment { argv.push(self.expander().whole(word)) } else { self.expander().fields(word, &mut argv) }
        }
        let redirects = command.redirects.iter().map(|r| self.redirected(r)).collect();
        let before = (!command.words.is_empty()).then(|| (self.state.vars.clone(), self.state.ifs.clone()));
        let assigns: Vec<(String, Arg)> = command.assigns.iter().map(|a| (a.name.clone(), self.assignment(a))).collect();
        let mut executed =
            Executed { range: command.span.range(), assigns, argv, redirects, place: command.place, runs, inner: Vec::new() };
        let during = self.state.vars.clone();
        self.failed = self.state.stopped > stopped;
        if let Some(before) = before {
            (self.state.vars, self.state.ifs) = before;
        }
        executed.inner = self.inner(&executed, &during);
        self.effects(&name, &executed);
        self.commands.push(executed);
    }

    /// Sets a variable and gives its value.
    fn assignment(&mut self, assign: &Assign) -> Arg {
        let range = assign.span.range();
        let Some(word) = &assign.value else {
            self.state.vars.forget(&assign.name, "an array");
            return Arg { text: self.expander().hole(range.clone()), range, ..Arg::default() };
        };
        let head = self.text.text().get(range.start..word.span.range().start.max(range.start)).unwrap_or_default();
        let plain = head.strip_suffix('=') == Some(assign.name.as_str());
        let mut value = self.expander().whole(word);
        if plain {
            let set_by = Some(Setter { what: "assignment".to_owned(), span: Some(self.text.span_of(range)) });
            let known = Value::Known(value.text.clone());
            self.state.assign(&assign.name, known, set_by, self.allexport);
        } else {
            // `+=` and elements of arrays
            self.state.assign(&assign.name, Value::Unknown("the shell adds to it".to_owned()), None, self.allexport);
            value.splits = true;
        }
        value
    }

    fn redirected(&mut self, redirect: &Redirect) -> Redirected {
        let operator = redirect.operator;
        if let Some(body) = &redirect.heredoc {
            self.stays(&body.pieces);
            let before = self.state.clone();
            let mut text = self.expander().text_of(&body.pieces);
            // bash ends the last line of one that the script's end cuts off
            if self.kind == ShellKind::Bash && !body.text.is_empty() && !body.text.ends_with('\n') {
                ended(&mut text);
            }
            // what is wrong there ends the command's own process
            if self.state.stopped > before.stopped {
                self.state.stopped = before.stopped;
                self.heredoc_fails = true;
            }
            // whose variables `${name:=word}` sets there, shells see differently
            self.state.vars.meet(&before.vars, "set in a heredoc");
            return Redirected { operator, fd: redirect.fd, target: None, body: Some(text) };
        }
        let target = redirect.target.as_ref().map(|w| self.expander().whole(w));
        let body = target.as_ref().filter(|_| operator == "<<<").map(|t| {
            let mut text = t.text.clone();
            ended(&mut text);
            text
        });
        Redirected { operator, fd: redirect.fd, target, body }
    }

    /// Marks each `$name` that quotes or a backslash protect from this shell.
    fn stays(&mut self, pieces: &[Piece]) {
        for (n, piece) in pieces.iter().enumerate() {
            let PieceKind::Literal(text) = &piece.kind else { continue };
            let range = piece.span.range();
            if piece.quote == Quote::Single {
                for (at, len) in dollars(text).filter(|_| range.len() == text.len()) {
                    let place = range.start + at..range.start + at + len;
                    let name = text.get(at..at + len).unwrap_or_default();
                    self.marks.push(Mark { range: place, name: name.to_owned(), outcome: Outcome::Stays("single quotes".to_owned()) });
                }
            } else if text == "$" && range.len() == 2 {
                let rest = pieces.get(n + 1).map_or("", |p| if let PieceKind::Literal(t) = &p.kind { t.as_str() } else { "" });
                let whole = format!("${rest}");
                let len = dollars(&whole).next().filter(|(at, _)| *at == 0).map_or(0, |(_, len)| len - 1);
                if len > 0 {
                    let name = whole.get(..=len).unwrap_or_default().to_owned();
                    self.marks.push(Mark {
                        range: range.start..range.end + len,
                        name,
                        outcome: Outcome::Stays("the backslash".to_owned()),
                    });
                }
            }
        }
    }

    /// The command before in the same pipeline.
    pub(super) fn before_in_pipeline(&self, place: Place) -> Option<&Executed> {
        let before = self.commands.iter().rev().find(|c| !c.place.substitution || place.substitution)?;
        (place.pipe_index > 0 && before.place.pipe_index + 1 == place.pipe_index && before.place.group == place.group).then_some(before)
    }
}

/// The `$name` and `${…}` of a text: start and length of each.
pub(super) fn dollars(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        let name = |t: &str| t.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let len = match rest.strip_prefix('{') {
            Some(inner) if name(inner) > 0 => inner.find('}')? + 3,
            Some(_) => return None,
            None if rest.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()) => name(rest) + 1,
            None if rest.starts_with(|c: char| c.is_ascii_digit() || "@*#?".contains(c)) => 2,
            None => return None,
        };
        Some((at, len))
    })
}
