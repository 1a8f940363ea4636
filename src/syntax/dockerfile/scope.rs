//! What variables hold at each instruction: global ARGs, ARG and ENV down the chain of stages, and the words of the
//! instructions that the builder expands.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{CopyOp, Dockerfile, FromOp, Instruction, Op, Pair};
use super::expand::{ExpandError, expand, expand_words};
use crate::text::Text;

/// Names and values; the order is the names'.
pub type Variables = BTreeMap<String, String>;

/// Bytes that all expansions of a file may take together; a file can make its variables grow without end.
const MAX_WORK: usize = 32 << 20;

/// What a build is asked for from outside.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `--build-arg`.
    pub build_args: Variables,
    /// `--target`; `None` for the last stage.
    pub target: Option<String>,
    /// `os/arch[/variant]` of the image that is built.
    pub platform: String,
    /// `os/arch[/variant]` of the machine that builds.
    pub build_platform: String,
}

impl Default for Inputs {
    fn default() -> Self {
        let platform = "linux/amd64".to_owned();
        Inputs { build_args: Variables::new(), target: None, platform: platform.clone(), build_platform: platform }
    }
}

/// What one instruction becomes.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// Its words, for the instructions that the builder expands and where that succeeds: ENV and LABEL give key and value
    /// of each pair, ARG `name` or `name=value`, FROM the image, COPY and ADD sources and destination.
    pub words: Option<Vec<String>>,
    /// Why they cannot be expanded.
    pub error: Option<ExpandError>,
}

/// The values that the builder sets before the first line.
pub fn predefined(inputs: &Inputs) -> Variables {
    let mut out = Variables::new();
    for (prefix, platform) in [("BUILD", &inputs.build_platform), ("TARGET", &inputs.platform)] {
        let mut parts = platform.split('/');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        let (os, arch, variant) = (part(), part(), part());
        out.insert(format!("{prefix}PLATFORM"), platform.clone());
        out.insert(format!("{prefix}OS"), os);
        out.insert(format!("{prefix}OSVERSION"), String::new());
        out.insert(format!("{prefix}ARCH"), arch);
        out.insert(format!("{prefix}VARIANT"), variant);
    }
    out.insert("TARGETSTAGE".to_owned(), inputs.target.clone().unwrap_or_else(|| "default".to_owned()));
    out
}

/// Expands every instruction of the file, in the order of [`Dockerfile::instructions`].
pub fn expansions(file: &Dockerfile, inputs: &Inputs) -> Vec<Expansion> {
    let mut scope = Scope { escape: file.escape, inputs, globals: predefined(inputs), stages: BTreeMap::new(), current: None, work: 0 };
    let mut out = Vec::new();
    for (_, instruction) in file.instructions() {
        out.push(match scope.instruction(instruction) {
            Ok(words) => Expansion { words, error: None },
            Err(error) => Expansion { words: None, error: Some(error) },
        });
    }
    out
}

struct Scope<'a> {
    escape: char,
    inputs: &'a Inputs,
    globals: Variables,
    /// The variables at the end of each named stage that is complete.
    stages: BTreeMap<String, StageScope>,
    current: Option<(Option<String>, StageScope)>,
    work: usize,
}

/// The variables of a stage, shared with the stage that it is built on until it changes one.
#[derive(Clone, Default)]
struct StageScope {
    variables: Rc<Variables>,
}

type Words = Result<Option<Vec<String>>, ExpandError>;

impl Scope<'_> {
    fn instruction(&mut self, i: &Instruction) -> Words {
        if self.work > MAX_WORK {
            return Err(ExpandError::new("the variables of the file grow too large to be followed"));
        }
        let result = match (&i.op, &mut self.current) {
            (Op::From(from), _) => self.from(from),
            (Op::Arg(pairs), None) => self.global_arg(pairs),
            (_, None) => Ok(None),
            (op, Some((_, stage))) => {
                if matches!(op, Op::Arg(_) | Op::Env(_)) && Rc::strong_count(&stage.variables) > 1 {
                    self.work += stage.variables.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
                }
                stage.flags(i, self.escape).and_then(|()| match op {
                    Op::Arg(pairs) => stage.arg(pairs, self.escape, &self.globals, &self.inputs.build_args),
                    op => stage.expand(op, self.escape),
                })
            }
        };
        if let Ok(Some(words)) = &result {
            self.work += words.iter().map(String::len).sum::<usize>();
        }
        result
    }

    fn from(&mut self, from: &FromOp) -> Words {
        // Later stages of one name hide earlier ones; names count in lower case, exactly.
        if let Some((Some(name), stage)) = self.current.take() {
            self.stages.insert(name, stage);
        }
        let globals = &self.globals;
        let image = expand(&from.image, self.escape, &|name| globals.get(name).cloned());
        let base = image.as_ref().ok().and_then(|image| self.stages.get(image));
        self.current = Some((from.name.as_ref().map(|n| n.to_lowercase()), base.cloned().unwrap_or_default()));
        if let Some(platform) = &from.platform
            && expand(platform, self.escape, &|name| globals.get(name).cloned())?.is_empty()
            && !platform.is_empty()
        {
            return Err(ExpandError::new("the platform is empty"));
        }
        match image {
            Ok(image) if image.is_empty() => Err(ExpandError::new("the image's name is empty")),
            image => image.map(|image| Some(vec![image])),
        }
    }

    fn global_arg(&mut self, pairs: &[Pair]) -> Words {
        let mut words = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let globals = &self.globals;
            let value = match (self.inputs.build_args.get(&pair.key.value), &pair.value) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(value)) => Some(expand(value, self.escape, &|name| globals.get(name).cloned())?),
                (None, None) => None,
            };
            words.push(assignment(&pair.key, value.as_deref()));
            if let Some(value) = value {
                self.globals.insert(pair.key.value.clone(), value);
            }
        }
        Ok(Some(words))
    }
}

fn assignment(key: &str, value: Option<&str>) -> String {
    value.map_or_else(|| key.to_owned(), |value| format!("{key}={value}"))
}

impl StageScope {
    /// Each ARG of the line sees the ones before it.
    fn arg(&mut self, pairs: &[Pair], escape: char, globals: &Variables, given: &Variables) -> Words {
        let mut words = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let key = &pair.key.value;
            let value = match (given.get(key), &pair.value) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(value)) => Some(self.word(value, escape)?),
                (None, None) => globals.get(key).cloned(),
            };
            words.push(assignment(key, value.as_deref()));
            // These two steer the builder and are no variables of the stage.
            if let (Some(value), false) = (value, matches!(key.as_str(), "BUILDKIT_SBOM_SCAN_CONTEXT" | "BUILDKIT_SBOM_SCAN_STAGE")) {
                Rc::make_mut(&mut self.variables).insert(key.clone(), value);
            }
        }
        Ok(Some(words))
    }

    /// Fails where a flag or a mount cannot be expanded; their values are not wanted.
    fn flags(&self, i: &Instruction, escape: char) -> Result<(), ExpandError> {
        match &i.op {
            Op::Copy(_) | Op::Add(_) => {
                let expanded = i.flags.iter().filter(|f| matches!(f.name.value.as_str(), "chown" | "chmod" | "checksum"));
                expanded.filter_map(|f| f.value.as_ref()).try_for_each(|v| self.word(v, escape).map(drop))
            }
            Op::Run(run) => {
                let values = run.mounts.iter().flat_map(|m| &m.fields);
                values.filter(|(_, v)| v.contains(['$', '\'', '"', escape])).try_for_each(|(_, v)| self.word(v, escape).map(drop))
            }
            _ => Ok(()),
        }
    }

    fn expand(&mut self, op: &Op, escape: char) -> Words {
        let one = |text: &Text| Ok(Some(vec![self.word(text, escape)?]));
        match op {
            Op::Env(pairs) => {
                // All values see the variables as they were before the line.
                let words = self.pairs(pairs, escape)?;
                for pair in words.chunks_exact(2) {
                    if let [key, value] = pair {
                        Rc::make_mut(&mut self.variables).insert(key.clone(), value.clone());
                    }
                }
                Ok(Some(words))
            }
            Op::Label(pairs) => Ok(Some(self.pairs(pairs, escape)?)),
            Op::Workdir(text) | Op::User(text) | Op::Stopsignal(text) => one(text),
            Op::Copy(copy) | Op::Add(copy) => self.copy(copy, escape),
            Op::Volume(texts) => self.all(texts.iter(), escape),
            Op::Expose(texts) => {
                let mut words = Vec::new();
                for text in texts {
                    words.extend(expand_words(text, escape, &|name| self.variables.get(name).cloned())?);
                }
                Ok(Some(words))
            }
            _ => Ok(None),
        }
    }

    fn word(&self, text: &Text, escape: char) -> Result<String, ExpandError> {
        expand(text, escape, &|name| self.variables.get(name).cloned())
    }

    fn all<'a>(&self, texts: impl Iterator<Item = &'a Text>, escape: char) -> Words {
        texts.map(|text| self.word(text, escape)).collect::<Result<_, _>>().map(Some)
    }

    fn copy(&self, copy: &CopyOp, escape: char) -> Words {
        self.all(copy.sources.iter().chain([&copy.dest]), escape)
    }

    fn pairs(&self, pairs: &[Pair], escape: char) -> Result<Vec<String>, ExpandError> {
        let mut words = Vec::with_capacity(pairs.len() * 2);
        for pair in pairs {
            words.push(self.word(&pair.key, escape)?);
            words.push(pair.value.as_ref().map_or_else(|| Ok(String::new()), |value| self.word(value, escape))?);
        }
        Ok(words)
    }
}
