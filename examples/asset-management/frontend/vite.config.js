import { defineConfig } from 'vite';

const backend = process.env.BACKEND_URL ?? 'http://127.0.0.1:5000';

export default defineConfig({
  server: {
    host: process.env.HOST ?? '127.0.0.1',
    port: Number(process.env.PORT ?? 5173),
    // Another port than the one asked for would be found by nobody.
    strictPort: true,
    proxy: { '/api': backend, '/health': backend },
  },
  // A log file is no terminal: nothing there is to be wiped off a screen.
  clearScreen: false,
});
