// The same, and each answer takes 50 ms.
const http = require('http')

const server = http.createServer((request, response) => {
  setTimeout(() => response.end(`${process.pid} ${process.env.GENERATION || '-'}\n`), 50)
})
server.listen(Number(process.argv[2]), process.argv[3])
