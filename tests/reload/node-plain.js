// A server as in any tutorial. node-plain.js PORT [HOST]; without HOST, every address.
const http = require('http')

const server = http.createServer((request, response) => {
  response.end(`${process.pid} ${process.env.GENERATION || '-'}\n`)
})
server.listen(Number(process.argv[2]), process.argv[3])
