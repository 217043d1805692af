// A file of its own: Node 8 can't read `import()`.
import('../dist/main.js');
