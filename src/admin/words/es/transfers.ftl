## Transfers
transfers = Transferencias
transfers-now = En curso
transfers-none-now = Nada se transfiere ahora. Una transferencia aparece aquí por sí sola en cuanto empieza.
transfers-of-late = Finalizadas hace poco
transfers-none-of-late = Nada finalizó en el último día. La búsqueda encuentra las transferencias anteriores.
transfers-ended = Transferencias finalizadas, las últimas iniciadas primero
transfers-none = Ninguna transferencia coincide. Quite un criterio.
transfers-all = Todas las transferencias
transfer-title = Transferencia { $entry }
transfer-moving = en curso
transfer-of = { $here } de { $all }
transfer-decision = La decisión, explicada
transfer-classes = Lo que llegó
transfer-parts = Cómo fue, segundo a segundo
transfer-receipts = Recibos entre las pasarelas
transfer-receipt-due = pendiente
transfer-receipt-drafted = firmado por nosotros
transfer-receipt-agreed = firmado por ambos
transfer-receipt-disputed = disputado
transfer-receipt-missing = falta
transfer-deliveries = Entregadas desde la cola bajo
transfer-dead = No entregables en la cola { $queue }: { $count }
transfer-quarantined = En cuarentena en la cola { $queue }: { $count }
transfer-retry = Reintentar este estudio
transfer-release = Someter de nuevo al contrato
transfer-release-reason = Por qué debe salir ahora
transfer-tried =
    { $count ->
        [one] Se reintenta una imagen.
       *[other] Se reintentan { $count } imágenes.
    }
transfer-parts-hidden =
    { $count ->
        [one] Una parte anterior no se muestra.
       *[other] { $count } partes anteriores no se muestran.
    }
transfer-failed-hint = El registro indica cuántas imágenes fallaron, con qué estado las rechazó el receptor y, cuando es seguro, de qué lado. Lo que no tiene estado se perdió con su asociación o no se dejó salir.

## Statuses of a C-STORE response
transfer-statuses = Rechazado con
status-out-of-resources = sin recursos
status-not-of-the-class = el conjunto de datos no es de su clase SOP
status-not-understood = el receptor no lo entiende
status-processing-failure = fallo de procesamiento
status-class-not-supported = clase SOP no admitida
status-not-authorised = no autorizado
status-wrong-instance = instancia no válida
status-other = otro estado
