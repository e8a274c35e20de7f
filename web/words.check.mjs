// Every visible text exists in both languages, says the same things ({placeholders}), keeps its manners (German says "Sie",
// nobody shouts), and none stands outside of defineWords. usage: node web/words.check.mjs
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const web = path.dirname(fileURLToPath(import.meta.url));
const languages = ['en', 'de'];
const informal = /(?<![\p{L}])(du|dich|dir|dein|deine[mnrs]?|euch|euer|eure[mnrs]?)(?![\p{L}])/iu;
const names = new Set(['Kunde', 'Esc', 'Ctrl K', 'JSON', 'CSV', 'API', 'curl', 'ID']); // the same in every language
const spoken = new Set(['aria-label', 'aria-description', 'title', 'alt', 'placeholder', 'label', 'description', 'sentence']);

const problems = [];
let messages = 0;

function sources(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(full);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [full] : [];
  });
}

const placeholders = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join();

function checkMessage(texts, say) {
  messages += 1;
  for (const language of languages) {
    const text = texts[language];
    if (text === undefined) return say(`misses "${language}"`);
    if (text.trim() === '') say(`"${language}" is empty`);
    if (/!(\s|$)/.test(text)) say(`"${language}" shouts: ${text}`);
    if (text !== text.trim()) say(`"${language}" begins or ends with a blank: "${text}"`);
  }
  if (placeholders(texts.en) !== placeholders(texts.de)) say(`placeholders differ: {${placeholders(texts.en)}} and {${placeholders(texts.de)}}`);
  const forms = (text) => (text.includes('{n}') ? text.split('|').length : 1);
  for (const language of languages) if (forms(texts[language]) > 2) say(`"${language}" has more than two forms`);
  const found = informal.exec(texts.de);
  if (found) say(`"de" says "${found[0]}" instead of "Sie": ${texts.de}`);
}

function stringOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const left = stringOf(node.left);
    const right = stringOf(node.right);
    return left === undefined || right === undefined ? undefined : left + right;
  }
  return undefined;
}

const isText = (text) => /\p{L}{2}/u.test(text) && !names.has(text.trim());

function check(file) {
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const at = (node) => `${path.relative(web, file)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const visit = (node) => {
    if (ts.isObjectLiteralExpression(node)) {
      const texts = {};
      for (const property of node.properties)
        if (ts.isPropertyAssignment(property) && languages.includes(property.name.getText())) {
          const text = stringOf(property.initializer);
          if (text !== undefined) texts[property.name.getText()] = text;
        }
      if (Object.keys(texts).length > 0) checkMessage(texts, (why) => problems.push(`${at(node)} ${why}`));
    }
    if (ts.isJsxText(node) && isText(node.text)) problems.push(`${at(node)} text outside of the words: ${node.text.trim().slice(0, 60)}`);
    if (ts.isJsxAttribute(node) && spoken.has(node.name.getText()) && node.initializer && ts.isStringLiteral(node.initializer) && isText(node.initializer.text))
      problems.push(`${at(node)} ${node.name.getText()} outside of the words: ${node.initializer.text.slice(0, 60)}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
}

for (const file of [...sources(path.join(web, 'src')), ...sources(path.join(web, 'shop'))]) check(file);
if (messages === 0) problems.push('no message found: has the way they are written changed?');
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${messages} messages in ${languages.length} languages, ${problems.length} problems\n`);
process.exit(problems.length > 0 ? 1 : 0);
