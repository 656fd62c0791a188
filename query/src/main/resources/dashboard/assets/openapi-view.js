// Shows an OpenAPI 3.1 description as HTML: each operation with its parameters, bodies and answers.

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/** @param {object} api the parsed description */
export function renderApi(api) {
  const resolve = (value) => resolveReference(api, value);
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => renderOperation(method, path, item, resolve)));
  return [create('div', {className: 'prose lead'}, ...paragraphs(api.info.description)), ...operations];
}

function renderOperation(method, path, item, resolve) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  const body = resolve(operation.requestBody);
  return create('details', {className: 'card operation'},
      create('summary', {},
          create('h2', {},
              create('span', {className: 'method'}, method.toUpperCase()),
              create('code', {}, path)),
          create('p', {className: 'quiet'}, ...withCode(operation.summary))),
      create('div', {className: 'prose'}, ...paragraphs(operation.description)),
      ...valuesTable('Parameters', parameters.map((parameter) => [
        create('code', {}, parameter.name),
        `${typeOf(resolve(parameter.schema), resolve)}, ${parameter.required ? 'required' : 'optional'}`,
        withCode(parameter.description),
        exampleOf(parameter.example),
      ])),
      ...(body ? contents('Body', body, resolve) : []),
      create('h3', {}, 'Answers'),
      ...answers(operation.responses, resolve));
}

function answers(responses, resolve) {
  const rows = Object.entries(responses).map(([status, unresolved]) => {
    const response = resolve(unresolved);
    const types = Object.keys(response.content ?? {}).join(', ') || '–';
    return [create('code', {}, status), types, withCode(response.description)];
  });
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return [table(['Status', 'Type', 'When'], rows), ...good.flatMap(([status, unresolved]) =>
    contents(`Answer ${status}`, resolve(unresolved), resolve))];
}

function contents(title, body, resolve) {
  return Object.entries(body.content ?? {}).flatMap(([type, content]) => [
    ...fieldsTable(`${title}: ${type}`, content.schema, resolve),
    ...textOf(`${title}: ${type}`, resolve(content.schema)),
    ...examples(`Example of ${type}`, {[type]: content}, resolve),
  ]);
}

function textOf(title, schema) {
  return schema?.type !== 'string' || !schema.description ? [] :
    [create('h3', {}, title), create('p', {}, ...withCode(schema.description))];
}

/** The fields of an object and of the objects in it, such as `banners[].banner`. */
function fieldsTable(title, schema, resolve) {
  return valuesTable(title, fields(schema, '', resolve).map(({name, property, required}) => [
    create('code', {}, name),
    `${typeOf(property, resolve)}, ${required ? 'required' : 'optional'}`,
    withCode(property.description),
    exampleOf(property.examples?.[0]),
  ]));
}

function fields(unresolved, prefix, resolve) {
  const schema = resolve(unresolved) ?? {};
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const property = resolve(value);
    const name = prefix + key;
    return [
      {name, property, required: schema.required?.includes(key)},
      ...fields(property, `${name}.`, resolve),
      ...fields(property.items, `${name}[].`, resolve),
    ];
  });
  return [...own, ...(schema.allOf ?? []).flatMap((part) => fields(part, prefix, resolve))];
}

function valuesTable(title, rows) {
  return rows.length === 0 ? [] : [create('h3', {}, title), table(['Name', 'Type', 'Meaning', 'Example'], rows)];
}

function exampleOf(value) {
  return value === undefined ? '' : create('code', {}, typeof value === 'string' ? value : JSON.stringify(value));
}

function examples(title, content, resolve) {
  return Object.values(content).flatMap(({example, examples: named = {}}) => {
    const all = [example, ...Object.values(named).map((each) => resolve(each).value)];
    return all.filter((value) => value !== undefined).flatMap((value) => [
      create('h3', {}, title),
      create('div', {className: 'snippet'},
          create('pre', {tabIndex: 0},
              create('code', {}, typeof value === 'string' ? value : JSON.stringify(value, null, 2)))),
    ]);
  });
}

/** A type in a few words, such as `integer (int64)`, `minute | hour | day` or `array of string`. */
function typeOf(schema, resolve) {
  if (!schema) {
    return '';
  }
  if (schema.enum) {
    return schema.enum.join(' | ');
  }
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) {
    return alternatives.map((each) => typeOf(resolve(each), resolve)).join(' or ');
  }
  if (schema.type === 'array') {
    return `array of ${typeOf(resolve(schema.items), resolve)}`;
  }
  const type = [schema.type ?? 'any'].flat().join(' or ');
  return schema.format ? `${type} (${schema.format})` : type;
}

/** Follows references such as `{$ref: '#/components/…'}`. */
function resolveReference(api, value) {
  let resolved = value;
  while (resolved?.$ref) {
    resolved = resolved.$ref.slice('#/'.length).split('/').reduce(
        (at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], api);
  }
  return resolved;
}

function table(titles, rows) {
  const head = create('tr', {}, ...titles.map((title) => create('th', {scope: 'col'}, title)));
  const body = rows.map((cells) => create('tr', {}, ...cells.map((cell) => create('td', {}, ...[cell].flat()))));
  return create('div', {className: 'api-scroll'},
      create('table', {className: 'api-table'}, create('thead', {}, head), create('tbody', {}, ...body)));
}

function paragraphs(text = '') {
  return text.split(/\n\s*\n/).filter((part) => part.trim()).map((part) => create('p', {}, ...withCode(part.trim())));
}

/** Text with `code` in backticks, which is the only Markdown that the description uses. */
function withCode(text = '') {
  return text.split('`').map((part, at) => (at % 2 === 1 ? create('code', {}, part) : part));
}

function create(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
