//! The Dockerfile tree. Items tile the file: printing their spans in order gives the text back.

use super::grammar;
use crate::source::{At, FileId, Span};
use crate::syntax::SyntaxError;
use crate::text::Text;

/// A Dockerfile, as far as it could be read.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// The file.
    pub file: FileId,
    /// The escape character: `\` or a backquote.
    pub escape: char,
    /// Parser directives in effect (`syntax`, `escape`, `check`), in order.
    pub directives: Vec<Directive>,
    /// Everything in the file, in order.
    pub items: Vec<Item>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// What could not be read: first what the builder finds while it joins lines, then what is wrong with single
    /// instructions, each in order. The first is the one that the builder reports, placed on the line that it names.
    pub errors: Vec<SyntaxError>,
}

/// `# name=value` at the head of the file.
#[derive(Clone, Debug)]
pub struct Directive {
    /// The whole comment, without its line break.
    pub span: Span,
    /// Lower-case name.
    pub name: At<String>,
    /// Value, trimmed.
    pub value: At<String>,
}

/// A stretch of the file. Spans of neighbouring items touch; line breaks belong to the item that they end.
#[derive(Clone, Debug)]
pub struct Item {
    /// With the final line break.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// What a stretch of the file is.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// Empty lines, or the byte order mark.
    Blank,
    /// A comment line; the text after `#`, trimmed.
    Comment(At<String>),
    /// A parser directive, by its place in [`Dockerfile::directives`].
    Directive(usize),
    /// An instruction, known or not.
    Instruction(Box<Instruction>),
}

/// The keyword of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the keywords")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// None of these.
    Unknown,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// From the keyword to the last byte, heredoc bodies included, without the final line break. Where the instruction
    /// begins with a line that is only the escape character, from there, since that is the builder's line.
    pub span: Span,
    /// The logical line: from the keyword to its last byte, without heredoc bodies.
    pub head: Span,
    /// As written, continuations taken out.
    pub word: At<String>,
    /// What the word means.
    pub keyword: Keyword,
    /// `--name=value` words before the arguments.
    pub flags: Vec<Flag>,
    /// What follows the flags, continuations, comment lines and blank lines taken out, trimmed.
    pub rest: Text,
    /// How [`Instruction::args`] come out of the rest.
    pub(super) values: Values,
    /// Whether the JSON form was taken.
    pub json: bool,
    /// Heredocs, in the order of their bodies.
    pub heredocs: Vec<Heredoc>,
    /// Comment lines inside the instruction; the text after `#`, trimmed.
    pub comments: Vec<At<String>>,
    /// A blank line inside a continuation.
    pub blank_line: Option<Span>,
    /// The typed arguments.
    pub op: Op,
    /// The instruction's own error, if it has one; it stands in [`Dockerfile::errors`] too.
    pub error: Option<Box<SyntaxError>>,
}

/// The values of an instruction, as little as its text and its arguments do not tell already.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// The rest as it is.
    Rest,
    /// The words of the rest, which blanks part.
    Words,
    /// Keys, values and what stands between them.
    Pairs,
    /// These.
    List(Vec<String>),
}

/// A flag of an instruction.
#[derive(Clone, Debug)]
pub struct Flag {
    /// From `--` to the end of the value.
    pub span: Span,
    /// Name without `--`.
    pub name: At<String>,
    /// Value after `=`, quotes and escapes taken out; `None` for a bare flag.
    pub value: Option<Text>,
}

/// A heredoc of RUN, COPY or ADD.
#[derive(Clone, Debug)]
pub struct Heredoc {
    /// `<<-"EOF"` as written.
    pub operator: Span,
    /// Its name without quotes.
    pub name: String,
    /// The file descriptor before `<<`, 0 where none.
    pub fd: u32,
    /// Whether variables in the body are expanded (the name is unquoted).
    pub expand: bool,
    /// `<<-`: leading tabs are stripped.
    pub chomp: bool,
    /// The body's source, without the terminator line.
    pub body: Span,
    /// The body as BuildKit hands it on (tabs stripped where it does).
    pub content: String,
    /// Whether the terminator was found.
    pub terminated: bool,
}

/// A command in exec or shell form.
#[derive(Clone, Debug)]
pub enum Form {
    /// `["a", "b"]`.
    Exec(Vec<Text>),
    /// Text for the shell.
    Shell(ShellText),
}

/// Shell text of an instruction, cut so that offsets hold: comment lines inside the continuation, and blanks after the
/// escape character, are replaced by spaces of equal length; heredoc bodies stay. `text[i]` stands at `span.start + i`.
/// With the backquote as escape, the continuation's backquote is replaced by a backslash.
#[derive(Clone, Debug)]
pub struct ShellText {
    /// The masked text, as long as `span`.
    pub text: String,
    /// Its source.
    pub span: Span,
}

/// Typed arguments. An instruction with an error has as much as could be read, or [`Op::None`].
#[derive(Clone, Debug)]
pub enum Op {
    /// Unknown keyword, or nothing could be read.
    None,
    /// `FROM image AS name`.
    From(Box<FromOp>),
    /// `ARG a b=c`.
    Arg(Vec<Pair>),
    /// `ENV a=b`.
    Env(Vec<Pair>),
    /// `LABEL a=b`.
    Label(Vec<Pair>),
    /// `RUN`.
    Run(RunOp),
    /// `CMD`.
    Cmd(Form),
    /// `ENTRYPOINT`.
    Entrypoint(Form),
    /// `COPY`.
    Copy(Box<CopyOp>),
    /// `ADD`.
    Add(Box<CopyOp>),
    /// `SHELL`.
    Shell(Vec<Text>),
    /// `WORKDIR`.
    Workdir(Text),
    /// `USER`.
    User(Text),
    /// `EXPOSE`, in source order.
    Expose(Vec<Text>),
    /// `VOLUME`.
    Volume(Vec<Text>),
    /// `STOPSIGNAL`.
    Stopsignal(Text),
    /// `MAINTAINER`.
    Maintainer(Text),
    /// `HEALTHCHECK`; `None` for `HEALTHCHECK NONE`.
    Healthcheck(Option<Form>),
    /// `ONBUILD`, with the instruction that it holds back.
    Onbuild(Box<Instruction>),
}

/// `FROM`.
#[derive(Clone, Debug)]
pub struct FromOp {
    /// The image or stage, as written.
    pub image: Text,
    /// `--platform`.
    pub platform: Option<Text>,
    /// The `AS` keyword, as written.
    pub as_word: Option<At<String>>,
    /// The stage name, as written.
    pub name: Option<At<String>>,
}

/// `KEY=value` of ENV, LABEL, ARG.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Key and value.
    pub span: Span,
    /// The key as written, quotes kept.
    pub key: Text,
    /// The value as written, quotes kept; `None` for `ARG a`.
    pub value: Option<Text>,
    /// `ENV key value`, without `=`.
    pub legacy: bool,
}

/// `RUN`.
#[derive(Clone, Debug)]
pub struct RunOp {
    /// The command. For a RUN that is one single heredoc, the shell text is its body.
    pub form: Form,
    /// `--mount` flags that could be read.
    pub mounts: Vec<Mount>,
    /// Whether the whole command is one heredoc, whose body is the script.
    pub heredoc_script: bool,
}

/// `--mount=type=…`.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The flag.
    pub span: Span,
    /// `bind` (also where no type is given), `cache`, `tmpfs`, `secret`, `ssh`.
    pub kind: String,
    /// All `key=value` fields in order, keys lower-cased, `src`→`source`, `dst`/`destination`→`target`, `ro`→`readonly`, `rw`→`readwrite`.
    /// A key without `=` has the value `true`.
    pub fields: Vec<(String, Text)>,
}

impl Mount {
    /// The value of a field, by its long name.
    pub fn get(&self, key: &str) -> Option<&Text> {
        self.fields.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }
}

/// `COPY` and `ADD`.
#[derive(Clone, Debug)]
pub struct CopyOp {
    /// Sources, as written; heredocs are not among them.
    pub sources: Vec<Text>,
    /// Destination, as written.
    pub dest: Text,
    /// `--from`.
    pub from: Option<Text>,
}

/// One build stage. Instructions are named by their place in [`Dockerfile::items`].
#[derive(Clone, Debug)]
pub struct Stage {
    /// Place of its FROM.
    pub from: usize,
    /// Places of its instructions, FROM not among them.
    pub instructions: Vec<usize>,
    /// Lower-cased name, if it has one.
    pub name: Option<At<String>>,
    /// From FROM to the end of its last instruction.
    pub span: Span,
}

impl Dockerfile {
    /// The instruction at a place in `items`.
    pub fn instruction(&self, item: usize) -> Option<&Instruction> {
        match &self.items.get(item)?.kind {
            ItemKind::Instruction(i) => Some(i),
            _ => None,
        }
    }

    /// All instructions in order, with their places in `items`.
    pub fn instructions(&self) -> impl Iterator<Item = (usize, &Instruction)> {
        self.items.iter().enumerate().filter_map(|(n, item)| match &item.kind {
            ItemKind::Instruction(i) => Some((n, &**i)),
            _ => None,
        })
    }

    /// The instructions before the first FROM.
    pub fn global(&self) -> impl Iterator<Item = (usize, &Instruction)> {
        let first = self.stages.first().map_or(usize::MAX, |s| s.from);
        self.instructions().take_while(move |(n, _)| *n < first)
    }

    /// The FROM of a stage.
    pub fn from_of(&self, stage: &Stage) -> Option<&FromOp> {
        match &self.instruction(stage.from)?.op {
            Op::From(from) => Some(from),
            _ => None,
        }
    }

    /// The instructions of a stage, FROM not among them, with their places in `items`.
    pub fn stage_instructions<'a>(&'a self, stage: &'a Stage) -> impl DoubleEndedIterator<Item = (usize, &'a Instruction)> {
        stage.instructions.iter().filter_map(|&n| Some((n, self.instruction(n)?)))
    }

    /// The index of the stage that holds an item.
    pub fn stage_of(&self, item: usize) -> Option<usize> {
        self.stages.partition_point(|s| s.from <= item).checked_sub(1)
    }
}

impl Instruction {
    /// The values of the builder's parse node: words, `key`, `value`, `=`, or the text of a command.
    pub fn args(&self) -> Vec<&str> {
        match (&self.values, &self.op) {
            (Values::Rest, _) => vec![self.rest.value.as_str()],
            (Values::Words, _) => grammar::split(&self.rest.value).collect(),
            (Values::Pairs, Op::Env(pairs) | Op::Label(pairs)) => pairs.iter().flat_map(parts).collect(),
            (Values::Pairs, _) => Vec::new(),
            (Values::List(values), _) => values.iter().map(String::as_str).collect(),
        }
    }

    /// Whether there are no [`Instruction::args`].
    pub fn args_are_missing(&self) -> bool {
        match (&self.values, &self.op) {
            (Values::Rest, _) => false,
            (Values::List(values), _) => values.is_empty(),
            (Values::Words, _) => grammar::split(&self.rest.value).next().is_none(),
            (Values::Pairs, Op::Env(pairs) | Op::Label(pairs)) => pairs.is_empty(),
            (Values::Pairs, _) => true,
        }
    }

    /// How many [`Instruction::args`] there are.
    pub fn arg_count(&self) -> usize {
        match &self.values {
            Values::Rest => 1,
            Values::List(values) => values.len(),
            Values::Words => grammar::split(&self.rest.value).count(),
            Values::Pairs => self.args().len(),
        }
    }

    /// A flag by name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|f| f.name.value == name)
    }
}

/// What the builder keeps of a pair.
fn parts(pair: &Pair) -> [&str; 3] {
    [&pair.key.value, pair.value.as_ref().map_or("", |value| value), if pair.legacy { "" } else { "=" }]
}
