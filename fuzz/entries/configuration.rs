//! Configurations of any content: whatever stands in one is refused or planned, and a plan that is
//! made twice comes out the same.

use travel_framework::Provider;
use travel_framework::schema::{Attribute, AttributeKind, Block, BlockNesting, Nesting};
use travel_framework::server::{ConfigureRequest, PlanRequest, Server};
use travel_framework::value::{Number, Type, Value};

/// Texts that attributes ask for, or stumble over.
const WORDS: [&str; 32] = [
    "",
    "a",
    "main",
    "alias/x",
    "eu-central-1",
    "eu-central-1a",
    "111122223333",
    "10.0.0.0/16",
    "10.0.0.0/33",
    "2001:db8::/32",
    "arn:aws:kms:eu-central-1:111122223333:key/1234",
    "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
    "{",
    "cron(0 3 * * ? *)",
    "public",
    "private",
    "single",
    "s3",
    "ENCRYPT_DECRYPT",
    "RSA_2048",
    "1.35",
    "90s",
    "ü\u{301}\u{0}",
    "../../etc",
    "a@example.com",
    "r-ab12",
    "ou-ab12-34cd56ef",
    "vpc-0abc",
    "m7g.large",
    "5",
    "-1",
    "true",
];

/// The bytes of an input, and zeros after its end.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % end
    }
}

/// Plans what an input says, if its configuration is allowed; says whether it was.
pub async fn run(provider: &Provider, input: &[u8]) -> bool {
    let mut bytes = Bytes(input.iter());
    let schemas = provider.schemas();
    let provider_config = match bytes.below(8) {
        0 => block(&schemas.provider.block, &mut bytes, true),
        _ => deployment_only(&schemas.provider.block),
    };
    let _ = provider.validate_provider(provider_config.clone()).await;
    let types: Vec<&String> = schemas.resources.keys().collect();
    let type_name = types[bytes.below(types.len())].clone();
    let schema = &schemas.resources[&type_name].block;
    let config = block(schema, &mut bytes, true);
    let prior = match bytes.below(2) {
        0 => Value::Null,
        _ => block(schema, &mut bytes, false),
    };
    let told = provider.validate_resource(&type_name, config.clone(), true).await;
    let mut plans = Vec::new();
    for _ in 1..=2 {
        let core_version = "1.12.0".to_owned();
        let request = ConfigureRequest { config: provider_config.clone(), core_version };
        let _ = provider.configure(request).await;
        let request = PlanRequest {
            type_name: type_name.clone(),
            prior: prior.clone(),
            proposed: config.clone(),
            config: config.clone(),
            private: Vec::new(),
            identity: Value::Null,
        };
        let plan = provider.plan(request).await;
        plans.push((plan.planned, plan.requires_replace, plan.diagnostics.has_error()));
    }
    assert!(plans[0] == plans[1], "two plans of one {type_name} differ: {plans:?}");
    let generated = provider.generate_config(&type_name, prior).await;
    assert!(!generated.diagnostics.has_error());
    !told.has_error()
}

fn deployment_only(schema: &Block) -> Value {
    let nothing = schema.attributes.iter().map(|it| (it.name.clone(), Value::Null));
    let blocks = schema.blocks.iter().map(|it| (it.name.clone(), no_blocks(it.nesting)));
    let mut config = Value::object(nothing.chain(blocks));
    config.set_attribute("deployment", "fuzz/main".into());
    config
}

/// A value of a block: a configuration, in which nothing is only computed, or a state, in which
/// nothing is unknown.
fn block(schema: &Block, bytes: &mut Bytes<'_>, is_config: bool) -> Value {
    let mut values: Vec<(String, Value)> = Vec::new();
    for attribute in &schema.attributes {
        values.push((attribute.name.clone(), self::attribute(attribute, bytes, is_config)));
    }
    for nested in &schema.blocks {
        let mut inner = || block(&nested.block, bytes, is_config);
        let value = match nested.nesting {
            BlockNesting::Single => inner(),
            BlockNesting::List => Value::List(vec![inner()]),
            BlockNesting::Set => Value::set([inner()]),
            BlockNesting::Map => Value::map([("one", inner())]),
        };
        let has = bytes.below(4) == 0;
        values.push((nested.name.clone(), if has { value } else { no_blocks(nested.nesting) }));
    }
    Value::object(values)
}

fn no_blocks(nesting: BlockNesting) -> Value {
    match nesting {
        BlockNesting::Single => Value::Null,
        BlockNesting::List => Value::List(Vec::new()),
        BlockNesting::Set => Value::set([]),
        BlockNesting::Map => Value::map::<String>([]),
    }
}

fn attribute(attribute: &Attribute, bytes: &mut Bytes<'_>, is_config: bool) -> Value {
    let is_set = attribute.required || attribute.optional;
    let choice = bytes.below(16);
    if (is_config && !is_set) || (!attribute.required && choice < 10) {
        return Value::Null;
    }
    if is_config && choice == 15 {
        return Value::unknown();
    }
    match &attribute.kind {
        AttributeKind::Plain(kind) => plain(kind, bytes, 3),
        AttributeKind::Nested { nesting, attributes } => {
            let inner = Block { attributes: attributes.clone(), ..Block::default() };
            let mut one = || block(&inner, bytes, is_config);
            match nesting {
                Nesting::Single => one(),
                Nesting::List => Value::List(vec![one(), one()]),
                Nesting::Set => Value::set([one(), one()]),
                Nesting::Map => Value::map([("a", one()), ("eu-west-1", one())]),
            }
        }
    }
}

fn plain(kind: &Type, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    let count = bytes.below(3);
    match kind {
        Type::String => WORDS[bytes.below(WORDS.len())].into(),
        Type::Bool => Value::Bool(bytes.below(2) == 0),
        Type::Number => {
            let numbers = [0, 1, 3, 7, 16, 30, 60, 90, 365, -1, i64::MAX, i64::MIN];
            Value::Number(Number::from(numbers[bytes.below(numbers.len())]))
        }
        Type::List(element) => {
            Value::List((0..count).map(|_| plain(element, bytes, depth)).collect())
        }
        Type::Set(element) => Value::set((0..count).map(|_| plain(element, bytes, depth))),
        Type::Map(element) => Value::map((0..count).map(|_| {
            let key = WORDS[bytes.below(WORDS.len())];
            (key, plain(element, bytes, depth))
        })),
        Type::Tuple(kinds) => {
            Value::List(kinds.iter().map(|kind| plain(kind, bytes, depth)).collect())
        }
        Type::Object { attributes, .. } => {
            let each = attributes.iter();
            Value::object(each.map(|(name, kind)| (name.clone(), plain(kind, bytes, depth))))
        }
        Type::Dynamic if depth == 0 => Value::Null,
        Type::Dynamic => {
            let kinds = [
                Type::String,
                Type::Number,
                Type::map(Type::Dynamic),
                Type::object([("image", Type::String), ("replicas", Type::Number)]),
            ];
            let kind = kinds[bytes.below(kinds.len())].clone();
            let value = plain(&kind, bytes, depth - 1);
            Value::Dynamic(Box::new(kind), Box::new(value))
        }
    }
}
