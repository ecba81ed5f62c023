## Ledger
ledger = Registro
ledger-signed-for = Firmadas
ledger-bytes = Tamaño del diario
ledger-free = Libre en su disco

## Verification
ledger-verification = Verificación
ledger-verification-none = El registro aún no se ha verificado. La pasarela lo hará pronto por sí misma, o hágalo ahora.
ledger-verify-now = Verificar ahora
ledger-under-way = Verificación en curso
ledger-progress = { $done } de { $of } entradas verificadas; la pasarela sigue trabajando
ledger-verified-last = Última verificación
ledger-outcome = Resultado
ledger-outcome-whole = íntegro
ledger-outcome-damaged = no está como se escribió
ledger-outcome-undone = no se pudo hacer
ledger-first-damaged = Primera entrada dañada
ledger-entries-verified = Entradas verificadas
ledger-extent = Alcance
ledger-extent-chain = Cadena, árbol y puntos de control
ledger-extent-state = También cada estado del contrato
ledger-extent-replay = También cada firma y decisión, de nuevo
ledger-took = Duración
ledger-seconds = { $seconds } s
ledger-asked-by = Solicitada por
ledger-by-itself = la propia pasarela
ledger-damaged = El registro no está como se escribió.
ledger-damaged-do = Deje el disco como está, guarde una copia de todo y averigüe quién tuvo acceso. Restaure una copia de seguridad solo después. Esto permanece hasta que una verificación igual de amplia lo encuentre íntegro.

## Checkpoint
ledger-checkpoint = Punto de control más reciente
ledger-checkpoint-what = Una declaración firmada de cómo era el registro. Guardada en otro lugar, muestra más tarde si se retiraron o cambiaron entradas.
ledger-checkpoint-none = Aún no se ha firmado nada desde el inicio. Habrá un punto de control en un segundo.
ledger-checkpoint-download = Descargar el punto de control

## Witnesses and receivers
ledger-witnesses = Testigos
ledger-witnesses-none = Nadie cofirma los puntos de control de este registro. Enlace la pasarela de otro hospital o configure un testigo: así nadie aquí podrá reescribir el registro sin que se note.
ledger-witness = Testigo
ledger-cosigned = Última cofirma
ledger-never = nunca
ledger-witnessed = Registros de los que somos testigos
ledger-origin = Registro
ledger-unreadable = ilegible
ledger-proofs =
    { $count ->
        [one] se contradijo: una prueba
       *[other] se contradijo: { $count } pruebas
    }
ledger-no-proofs = coherente
ledger-receivers = Receptores de auditorías
ledger-receivers-none = No hay ningún receptor de auditorías configurado ([[audit_receiver]]): solo esta consola se entera de lo que ocurre.
ledger-receiver = Receptor
ledger-behind = Entradas de retraso

## Keys and backups
ledger-keys = Claves públicas
ledger-keys-what = Quien deba verificar algo de este registro necesita su clave, entregada por una vía en la que ambos confíen. No es secreta.
ledger-key-log = Puntos de control
ledger-key-statement = Declaraciones y eventos
ledger-key-witness = Como testigo
ledger-key-download = Descargar la clave del registro
ledger-backups = Copias de seguridad
ledger-backups-what = Se puede hacer una copia de seguridad con la pasarela en marcha. Guarde la carpeta de claves en otro lugar y por otros medios, y haga una copia después de cada borrado. Un punto de control y la clave guardados en otro lugar muestran que una copia está íntegra.
